// epoll events to readiness bits.
#include "proxy/net/poller.h"

#include <cstdlib>

#include <unistd.h>

namespace sluice::net {

namespace {

uint8_t bits_of(uint32_t events) {
    uint8_t bits = 0;
    if ((events & EPOLLIN) != 0) bits |= kReadable;
    if ((events & EPOLLOUT) != 0) bits |= kWritable;
    if ((events & EPOLLRDHUP) != 0) bits |= kReadable | kGone;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) bits |= kReadable | kWritable | kGone;
    return bits;
}

}  // namespace

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) std::abort();
    retired_.reserve(kBatch);
}

Poller::~Poller() {
    reclaim();
    ::close(fd_);
}

bool Poller::add(Socket& socket, bool writable) {
    socket.source.bits = writable ? kWritable : 0;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &socket;
    return ::epoll_ctl(fd_, EPOLL_CTL_ADD, socket.fd, &event) == 0;
}

void Poller::close(Socket& socket) {
    if (!socket.open()) return;
    ::close(socket.fd);
    socket.fd = -1;
    socket.source.detach();
}

void Poller::leave(Socket& socket) {
    if (socket.open()) ::epoll_ctl(fd_, EPOLL_CTL_DEL, socket.fd, nullptr);
    socket.source.bits = 0;
}

void Poller::leave_and_close(Socket& socket) {
    leave(socket);
    close(socket);
}

void Poller::wait(int timeout_ms) {
    ready_ = ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
}

// A socket's memory has mostly left the near caches since its last turn. Its line is fetched two
// events ahead while bits are set, and its waiter's one ahead while they are told (measured:
// docs/benchmarks.md).
void Poller::set_bits() {
    for (int i = 0; i < ready_; ++i) {
        if (i + 2 < ready_) __builtin_prefetch(events_[static_cast<size_t>(i) + 2].data.ptr);
        const epoll_event& event = events_[static_cast<size_t>(i)];
        static_cast<Socket*>(event.data.ptr)->source.bits |= bits_of(event.events);
    }
}

void Poller::tell_waiters() {
    for (int i = 0; i < ready_; ++i) {
        if (i + 1 < ready_) {
            const void* const next = events_[static_cast<size_t>(i) + 1].data.ptr;
            __builtin_prefetch(static_cast<const Socket*>(next)->source.waiter);
        }
        const epoll_event& event = events_[static_cast<size_t>(i)];
        auto* socket = static_cast<Socket*>(event.data.ptr);
        if (socket->open()) socket->source.tell(bits_of(event.events));
    }
}

// All bits first: what one event lets run must not lend a pooled connection of which a later one
// says that it speaks unasked.
void Poller::dispatch() {
    set_bits();
    tell_waiters();
    ready_ = 0;
}

void Poller::reclaim() {
    // Reclaiming may retire more (a frame that owned another object), so the list is read by index.
    for (size_t i = 0; i < retired_.size(); ++i) {
        const Retired retired = retired_[i];
        retired.reclaim(retired.object);
    }
    retired_.clear();
}

}  // namespace sluice::net
