// One thread's event loop: readiness by edge-triggered epoll, deadlines by a heap, nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::modelsim {

// Something with a descriptor. It is added once and told of edges; there is no re-arming.
class Watched {
public:
    virtual ~Watched() = default;
    virtual void on_ready(uint32_t events) = 0;
};

// Something with at most one deadline.
class Timed {
public:
    virtual ~Timed() = default;
    virtual void on_time() = 0;

private:
    friend class Loop;
    static constexpr size_t kIdle = SIZE_MAX;
    size_t slot_ = kIdle;
    int64_t at_ns_ = 0;
};

class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // CLOCK_MONOTONIC as of this turn: one clock read serves a whole batch of events.
    int64_t now_ns() const { return now_ns_; }

    bool watch(int fd, Watched& watched);
    void arm(
        Timed& timed, int64_t at_ns
    );  // replaces an earlier deadline; the past means "next turn"
    void disarm(Timed& timed);
    // Events of the running batch may still name it, so it is destroyed after the batch.
    void bury(std::unique_ptr<Watched> dead) { graveyard_.push_back(std::move(dead)); }

    void run();   // until stop()
    void stop();  // from any thread, or from a handler

private:
    void wait_and_dispatch();
    void fire_due();
    void place(size_t slot, Timed* timed);
    void sift_up(size_t slot);
    void sift_down(size_t slot);

    int epoll_fd_;
    int wake_fd_;
    bool stopped_ = false;
    int64_t now_ns_ = 0;
    std::vector<Timed*> heap_;
    std::vector<std::unique_ptr<Watched>> graveyard_;
};

}  // namespace sluice::modelsim
