// One client connection: reads a request, lets the service answer it, writes the answer, starts
// again.
#include "modelsim/connection.h"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::modelsim {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr size_t kKeptCapacity = 72 * 1024;  // a read or piece and a head; beyond is given back

// An answer that does not come: for ever, or until a time.
class Pause final : public Answer {
public:
    explicit Pause(int64_t until_ns) : until_ns_(until_ns) {}
    Progress produce(std::string& /*out*/, int64_t now_ns) override {
        if (now_ns >= until_ns_) return {Progress::State::done};
        return {Progress::State::wait, until_ns_};
    }

private:
    int64_t until_ns_;
};

void clear_buffer(std::string& buffer) {
    buffer.clear();
    if (buffer.capacity() > kKeptCapacity) buffer.shrink_to_fit();
}

}  // namespace

Connection::Connection(int fd, Loop& loop, Service& service, Host& host)
    : fd_(fd), loop_(loop), service_(service), host_(host) {}

Connection::~Connection() {
    loop_.disarm(*this);
    if (fd_ >= 0) close(fd_);
}

void Connection::on_ready(uint32_t events) {
    if (events & EPOLLIN) readable_ = true;
    if (events & EPOLLOUT) writable_ = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) peer_gone_ = readable_ = true;
    pump();
}

void Connection::pump() {
    if (closed_) return;  // buried in this very batch
    Next next = Next::step;
    while (next == Next::step) next = step();
    if (next == Next::wait) return;
    closed_ = true;
    const bool unfinished = answer_ != nullptr || out_at_ < out_.size() || in_body_;
    if (unfinished) ++service_.metrics().cancelled;
    // Its place is free and its peer told at once, not after the batch.
    answer_.reset();
    loop_.disarm(*this);
    close(fd_);
    fd_ = -1;
    host_.closed(*this);
}

Connection::Next Connection::step() {
    if (out_at_ < out_.size()) return flush();
    if (answer_ != nullptr) return produce();
    if (closing_) return Next::gone;
    if (in_body_) return take_body();
    return take_head();
}

Connection::Next Connection::read() {
    if (!readable_) return peer_gone_ ? Next::gone : Next::wait;
    if (in_at_ > 0) {
        in_.erase(0, in_at_);
        in_at_ = 0;
    }
    const ssize_t got = recv(fd_, host_.scratch.data(), host_.scratch.size(), 0);
    if (got == 0) return Next::gone;
    if (got < 0) {
        if (errno == EINTR) return Next::step;
        readable_ = false;
        return errno == EAGAIN ? Next::wait : Next::gone;
    }
    const auto size = static_cast<size_t>(got);
    // A short read means drained, unless the peer's close may stand right behind the data.
    if (size < host_.scratch.size() && !peer_gone_) readable_ = false;
    in_.append(host_.scratch.data(), size);
    return Next::step;
}

Connection::Next Connection::take_head() {
    const size_t end = head_end(unread().substr(0, kHeadBytes));
    if (end == std::string_view::npos) {
        if (unread().size() >= kHeadBytes) return refuse(431, "the request's head is too large");
        return read();
    }
    head_.assign(unread().substr(0, end));
    in_at_ += end;
    if (!parse_head(head_, request_)) return refuse(400, "this is not an HTTP/1.1 request");
    body_reader_.start(request_);
    clear_buffer(body_);
    in_body_ = true;
    valve_.open();
    if (request_.expects_continue && request_.has_body() && unread().empty()) {
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    return Next::step;
}

Connection::Next Connection::take_body() {
    std::string* const keep = Service::keeps_body(request_) ? &body_ : nullptr;
    in_at_ += body_reader_.feed(unread(), keep);
    if (body_reader_.bad()) return refuse(400, "the request's body is not framed well");
    if (body_.size() > kBodyBytes) return refuse(413, "the request's body is too large");
    if (!body_reader_.ended()) return read();
    in_body_ = false;
    ++service_.metrics().requests;
    const auto fault = service_.fault_for(request_);
    if (!fault) return refuse(400, "x-sim-fault names no known fault");
    return fault->kind == FaultKind::none ? serve() : spoil(*fault);
}

Connection::Next Connection::serve() {
    answer_ = service_.serve({request_, body_, body_reader_.received(), *this}, out_);
    if (answer_ == nullptr) closing_ = hangs_up_ || !request_.keep_alive;
    return Next::step;
}

Connection::Next Connection::spoil(Fault fault) {
    ++service_.metrics().faults;
    switch (fault.kind) {
        case FaultKind::reset_before:
            reset();
            return Next::gone;
        case FaultKind::garbage:
            out_ += "\x16\x03\x01 this is not HTTP\r\n\r\n";
            closing_ = true;
            return Next::step;
        case FaultKind::error:
            service_.refuse(
                request_,
                {.status = static_cast<int>(fault.argument),
                 .message = "a fault on demand",
                 .type = "server_error",
                 .code = "simulated_fault"},
                out_
            );
            closing_ = !request_.keep_alive;
            return Next::step;
        case FaultKind::hang_up:
            hangs_up_ = true;
            return serve();
        case FaultKind::stall:
            serve_after_ = true;
            answer_ = std::make_unique<Pause>(
                fault.argument == 0 ? Answer::kNever : loop_.now_ns() + fault.argument * kNsPerMs
            );
            return Next::step;
        default:
            valve_.start(fault, loop_.now_ns());
            return serve();
    }
}

Connection::Next Connection::produce() {
    if (peer_gone_) return Next::gone;
    const Answer::Progress progress = answer_->produce(out_, loop_.now_ns());
    if (progress.state == Answer::Progress::State::more) return Next::step;
    if (progress.state == Answer::Progress::State::done) {
        answer_.reset();
        closing_ = hangs_up_ || !request_.keep_alive;
        if (!serve_after_) return Next::step;
        serve_after_ = false;
        return serve();
    }
    if (progress.wake_at_ns != Answer::kNever) loop_.arm(*this, progress.wake_at_ns);
    return out_.empty() ? Next::wait : Next::step;
}

Connection::Next Connection::flush() {
    if (peer_gone_ && !writable_) return Next::gone;
    if (out_at_ == 0)
        valve_.set_head_bytes(head_end(out_) == std::string_view::npos ? 0 : head_end(out_));
    const size_t allowed = valve_.allowed(out_.size() - out_at_, loop_.now_ns());
    if (allowed == 0 && valve_.cuts()) {
        reset();
        return Next::gone;
    }
    if (allowed == 0) {
        if (peer_gone_) return Next::gone;
        if (valve_.opens_at_ns() != Answer::kNever) loop_.arm(*this, valve_.opens_at_ns());
        return Next::wait;
    }
    if (!writable_) return Next::wait;
    const ssize_t sent = send(fd_, out_.data() + out_at_, allowed, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EINTR) return Next::step;
        if (errno != EAGAIN) return Next::gone;
        writable_ = false;
        return peer_gone_ ? Next::gone : Next::wait;
    }
    valve_.sent(static_cast<size_t>(sent));
    out_at_ += static_cast<size_t>(sent);
    if (out_at_ < out_.size()) return Next::step;
    clear_buffer(out_);
    out_at_ = 0;
    return Next::step;
}

Connection::Next Connection::refuse(int status, const char* message) {
    in_body_ = false;
    closing_ = true;
    request_.keep_alive = false;
    service_.refuse(request_, {.status = status, .message = message}, out_);
    return Next::step;
}

void Connection::reset() {
    // Lingering for no time turns the close into a reset.
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    // Ended by us: nobody cancelled anything.
    answer_.reset();
    clear_buffer(out_);
    out_at_ = 0;
}

}  // namespace sluice::modelsim
