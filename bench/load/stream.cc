// One client of an event stream: asks once, then takes events and holds them against their stamps.
#include "bench/load/stream.h"

#include <cerrno>
#include <cstring>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modelsim/event.h"
#include "modelsim/http.h"

namespace sluice::bench {
namespace {

constexpr std::string_view kGood = "HTTP/1.1 200 ";

tl::expected<void, std::string> failed(const char* what) {
    return tl::unexpected<std::string>(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

Stream::~Stream() {
    if (fd_ >= 0) close(fd_);
}

tl::expected<void, std::string> Stream::open(
    const sockaddr_in& address, std::string_view request, modelsim::Loop& loop
) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return failed("socket");
    // Blocking until here and not after: over loopback both are done at once, or not at all.
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return failed("connect");
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
        return failed("send");
    if (!loop.watch(fd_, *this)) return failed("epoll");
    return {};
}

void Stream::on_ready(uint32_t /*events*/) {
    while (!over_) {
        const ssize_t got = recv(fd_, shared_.scratch.data(), shared_.scratch.size(), MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) return end();
        const auto size = static_cast<size_t>(got);
        take({shared_.scratch.data(), size}, modelsim::monotonic_ns());
        // A short read is a drained socket; a close behind it is an edge of its own.
        if (size < shared_.scratch.size()) return;
    }
}

void Stream::take(std::string_view bytes, int64_t now_ns) {
    if (!rest_.empty()) {
        rest_ += bytes;
        bytes = rest_;
    }
    if (streaming_ || take_head(bytes)) {
        for (bool merged = false;; merged = true) {
            const auto event = modelsim::take_bench_event(bytes);
            if (!event) break;
            if (event->number != next_) shared_.tally.error();
            next_ = event->number + 1;
            shared_.tally.event(now_ns - event->sent_ns, merged);
        }
    }
    rest_ = std::string(bytes);
}

// True once the whole head has come; a bad one ends the stream.
bool Stream::take_head(std::string_view& bytes) {
    const size_t end_of_head = modelsim::head_end(bytes);
    if (end_of_head == std::string_view::npos) return false;
    if (!bytes.starts_with(kGood)) {
        end();
        return false;
    }
    bytes.remove_prefix(end_of_head);
    streaming_ = true;
    ++shared_.streaming;
    return true;
}

void Stream::end() {
    over_ = true;
    ++shared_.ended;
    shared_.tally.error();
}

}  // namespace sluice::bench
