// The system calls of pipes, and what their results say about readiness.
#include "proxy/net/pipe.h"

#include <cassert>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "table/limits.h"

namespace sluice::net {

namespace {

constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

// Bytes moved, or -1 with errno; interrupted calls are repeated.
ssize_t move(int from, int to, size_t most) {
    for (;;) {
        const ssize_t moved = ::splice(from, nullptr, to, nullptr, most, kFlags);
        if (moved >= 0 || errno != EINTR) return moved;
    }
}

}  // namespace

Pipe Pipe::make() {
    int ends[2];
    Pipe pipe;
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return pipe;
    pipe.read_end_ = ends[0];
    pipe.write_end_ = ends[1];
    // Four times the default: fewer calls. Where an unprivileged user has too many already it stays
    // as it is.
    ::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(limits::kPipeBytes));
    return pipe;
}

Pipe& Pipe::operator=(Pipe&& other) noexcept {
    if (this == &other) return *this;
    close();
    read_end_ = std::exchange(other.read_end_, -1);
    write_end_ = std::exchange(other.write_end_, -1);
    held_ = std::exchange(other.held_, 0);
    return *this;
}

void Pipe::close() {
    if (!open()) return;
    ::close(read_end_);
    ::close(write_end_);
    read_end_ = write_end_ = -1;
    held_ = 0;
}

// A pipe has few places, so a short splice says nothing: only EAGAIN means that the socket is dry.
Transfer Pipe::fill(Socket& from, size_t most) {
    assert(held_ == 0);
    if (!from.readable()) return {Io::again, 0, 0};
    const ssize_t moved = move(from.fd, write_end_, most);
    if (moved > 0) {
        held_ = static_cast<size_t>(moved);
        return {Io::done, held_, 0};
    }
    if (moved == 0) return {Io::closed, 0, 0};
    if (errno != EAGAIN) return {Io::closed, 0, errno};
    from.source.bits &= static_cast<uint8_t>(~kReadable);
    return {Io::again, 0, 0};
}

Transfer Pipe::drain(Socket& to) {
    assert(held_ > 0);
    if (!to.writable()) return {Io::again, 0, 0};
    const ssize_t moved = move(read_end_, to.fd, held_);
    if (moved > 0) {
        held_ -= static_cast<size_t>(moved);
        return {Io::done, static_cast<size_t>(moved), 0};
    }
    if (moved < 0 && errno == EAGAIN) {
        to.source.bits &= static_cast<uint8_t>(~kWritable);
        return {Io::again, 0, 0};
    }
    return {Io::closed, 0, moved < 0 ? errno : EPIPE};
}

Pipe PipePool::take() {
    Pipe pipe;
    if (frugal_) return pipe;
    if (!idle_.empty()) {
        pipe = std::move(idle_.back());
        idle_.pop_back();
    } else if (in_use_ < limits::kPipes) {
        pipe = Pipe::make();
    }
    if (pipe.open()) ++in_use_;
    return pipe;
}

void PipePool::give(Pipe pipe) {
    if (!pipe.open()) return;
    --in_use_;
    if (pipe.held() == 0 && !frugal_) idle_.push_back(std::move(pipe));
}

void PipePool::set_frugal(bool frugal) {
    frugal_ = frugal;
    if (frugal) idle_.clear();
}

void PipePool::trim() {
    idle_.resize(idle_.size() / 2);
}

}  // namespace sluice::net
