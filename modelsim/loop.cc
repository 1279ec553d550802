// One thread's event loop: readiness by edge-triggered epoll, deadlines by a heap, nothing else.
#include "modelsim/loop.h"

#include <array>
#include <ctime>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace sluice::modelsim {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int kBatch = 128;

int64_t clock_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

}  // namespace

Loop::Loop()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_ns_(clock_ns()) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;  // the only event without an object
    epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event);
}

Loop::~Loop() {
    close(wake_fd_);
    close(epoll_fd_);
}

bool Loop::watch(int fd, Watched& watched) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &watched;
    return epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::stop() {
    const uint64_t one = 1;
    // The counter cannot be full: nobody else writes to it.
    [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void Loop::run() {
    while (!stopped_) {
        wait_and_dispatch();
        fire_due();
        graveyard_.clear();
    }
}

void Loop::wait_and_dispatch() {
    std::array<epoll_event, kBatch> events;
    timespec timeout{};
    const timespec* limit = nullptr;
    if (!heap_.empty()) {
        const int64_t left_ns = std::max<int64_t>(0, heap_.front()->at_ns_ - clock_ns());
        timeout = {left_ns / kNsPerSecond, left_ns % kNsPerSecond};
        limit = &timeout;
    }
    const int count = epoll_pwait2(epoll_fd_, events.data(), kBatch, limit, nullptr);
    now_ns_ = clock_ns();
    for (int i = 0; i < count; ++i) {
        const auto& event = events[static_cast<size_t>(i)];
        if (event.data.ptr == nullptr) {
            stopped_ = true;
        } else {
            static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
        }
    }
}

void Loop::fire_due() {
    while (!heap_.empty() && heap_.front()->at_ns_ <= now_ns_) {
        Timed& due = *heap_.front();
        disarm(due);
        due.on_time();
    }
}

void Loop::arm(Timed& timed, int64_t at_ns) {
    // A deadline in the past may not fire within the same pass for ever: the next turn is soon
    // enough.
    timed.at_ns_ = std::max(at_ns, now_ns_ + 1);
    if (timed.slot_ == Timed::kIdle) {
        heap_.push_back(&timed);
        timed.slot_ = heap_.size() - 1;
    }
    sift_up(timed.slot_);
    sift_down(timed.slot_);
}

void Loop::disarm(Timed& timed) {
    const size_t slot = timed.slot_;
    if (slot == Timed::kIdle) return;
    Timed* const last = heap_.back();
    heap_.pop_back();
    timed.slot_ = Timed::kIdle;
    if (last == &timed) return;
    place(slot, last);
    sift_up(slot);
    sift_down(last->slot_);
}

void Loop::place(size_t slot, Timed* timed) {
    heap_[slot] = timed;
    timed->slot_ = slot;
}

void Loop::sift_up(size_t slot) {
    Timed* const moving = heap_[slot];
    while (slot > 0) {
        const size_t parent = (slot - 1) / 2;
        if (heap_[parent]->at_ns_ <= moving->at_ns_) break;
        place(slot, heap_[parent]);
        slot = parent;
    }
    place(slot, moving);
}

void Loop::sift_down(size_t slot) {
    Timed* const moving = heap_[slot];
    while (2 * slot + 1 < heap_.size()) {
        size_t child = 2 * slot + 1;
        if (child + 1 < heap_.size() && heap_[child + 1]->at_ns_ < heap_[child]->at_ns_) ++child;
        if (heap_[child]->at_ns_ >= moving->at_ns_) break;
        place(slot, heap_[child]);
        slot = child;
    }
    place(slot, moving);
}

}  // namespace sluice::modelsim
