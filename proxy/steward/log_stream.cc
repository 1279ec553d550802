// write() until everything is taken or the stream refuses; lines stay whole over refusals.
#include "proxy/steward/log_stream.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sluice::steward {
namespace {

constexpr mode_t kMode = 0640;

// A descriptor that cannot be written to stands where a closed one was.
int writable_duplicate(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) return -1;
    if ((flags & O_ACCMODE) != O_RDONLY) return ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    errno = EBADF;
    return -1;
}

std::string remedy(SinkKind kind, int error) {
    const bool file = kind == SinkKind::file;
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            return "create its directory";
        case EACCES:
        case EPERM:
        case EROFS:
            return "name a file that user " + std::to_string(::geteuid()) + " may write";
        case EISDIR:
            return "name a file, not a directory";
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return "make room";
        case EPIPE:
            return "its reader is gone: restart with one that reads, or log to a file";
        case EBADF:
            return "it is closed: redirect it, or log to a file";
        default:
            return file ? "name another file" : "redirect it, or log to a file";
    }
}

}  // namespace

StreamSink::StreamSink(const SinkSpec& spec) : spec_(spec) {
    if (spec_.kind != SinkKind::standard_output) return;
    fd_ = table::Descriptor(writable_duplicate(STDOUT_FILENO));
    if (!fd_) refuse(EBADF);
}

void StreamSink::open(int64_t now_ms) {
    if (spec_.kind != SinkKind::file || fd_ || now_ms < retry_at_ms_) return;
    retry_at_ms_ = now_ms + kSinkRetryMs;
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    const int fd = ::open(spec_.path.c_str(), flags, kMode);
    if (fd < 0) return refuse(errno);
    fd_ = table::Descriptor(fd);
    trouble_.clear();
}

Taken StreamSink::write(std::string_view lines, uint64_t count, int64_t now_ms) {
    Taken taken;
    open(now_ms);
    if (fd_) finish_rest(taken);
    if (!fd_ || !rest_.empty()) {
        taken.refused += count;
        return taken;
    }
    const size_t done = put(lines);
    taken.bytes += done;
    if (done == lines.size()) {
        taken.written += count;
        return taken;
    }
    const auto whole = static_cast<uint64_t>(std::ranges::count(lines.substr(0, done), '\n'));
    if (done > 0 && lines[done - 1] != '\n') {
        rest_ = lines.substr(done, lines.find('\n', done) + 1 - done);
    }
    taken.written += whole;
    taken.refused += count - whole - (rest_.empty() ? 0 : 1);
    return taken;
}

// Counts the line whose rest it is, once nothing of it is left.
void StreamSink::finish_rest(Taken& taken) {
    if (rest_.empty()) return;
    const size_t done = put(rest_);
    taken.bytes += done;
    rest_.erase(0, done);
    if (rest_.empty()) ++taken.written;
}

void StreamSink::drop_rest(Taken& taken) {
    if (rest_.empty()) return;
    ++taken.refused;
    rest_.clear();
}

// How much was taken; less than everything means that the stream refused.
size_t StreamSink::put(std::string_view bytes) {
    size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t sent = ::write(fd_.get(), bytes.data() + done, bytes.size() - done);
        if (sent > 0) {
            done += static_cast<size_t>(sent);
        } else if (sent < 0 && errno == EAGAIN) {
            // Whoever gave us the stream made it non-blocking.
            pollfd writable{fd_.get(), POLLOUT, 0};
            ::poll(&writable, 1, -1);
        } else if (sent == 0 || errno != EINTR) {
            refuse(sent == 0 ? ENOSPC : errno);
            return done;
        }
    }
    trouble_.clear();
    return done;
}

// The old file gets the rest of the line that it has the beginning of; the new one starts anew.
Taken StreamSink::reopen(int64_t now_ms) {
    Taken taken;
    if (spec_.kind != SinkKind::file) return taken;
    if (fd_) finish_rest(taken);
    drop_rest(taken);
    fd_ = table::Descriptor();
    retry_at_ms_ = now_ms;
    open(now_ms);
    return taken;
}

void StreamSink::refuse(int error) {
    trouble_ = std::string(std::strerror(error)) + ": " + remedy(spec_.kind, error);
}

}  // namespace sluice::steward
