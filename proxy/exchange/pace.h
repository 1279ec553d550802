// How fast one side moves while nobody else is waited for: bytes in windows of time. Arithmetic
// only; who asks brings the time, at deadlines that pass anyway.
#pragma once

#include <cstdint>

#include "proxy/net/wheel.h"

namespace sluice::exchange {

class Pace {
public:
    // That side alone is waited for; `moved` counts its bytes. Nothing happens in the middle of a
    // window.
    void wait(int64_t now, int64_t window_ns, uint64_t moved) {
        if (ends_at_ != net::kNever) return;
        window_ns_ = window_ns;
        ends_at_ = now + window_ns;
        mark_ = moved;
    }
    // The same where looking at the count costs something: after `glance_ns` it has to be looked
    // at, and the window begins there.
    void wait_unseen(int64_t now, int64_t glance_ns, int64_t window_ns) {
        if (ends_at_ != net::kNever) return;
        window_ns_ = window_ns;
        ends_at_ = now + glance_ns;
        mark_ = kUnknown;
    }
    // Somebody else is waited for, too.
    void stop() { ends_at_ = net::kNever; }

    int64_t ends_at() const { return ends_at_; }
    // The window is over: did it bring `bytes_per_second` on average? Then the next one begins.
    // A glance passes. REQUIRES: now >= ends_at().
    bool keeps_up(int64_t now, uint64_t moved, uint64_t bytes_per_second) {
        const uint64_t due = bytes_per_second * static_cast<uint64_t>(window_ns_) / kNsPerSecond;
        const bool enough = mark_ == kUnknown || moved - mark_ >= due;
        ends_at_ = now + window_ns_;
        mark_ = moved;
        return enough;
    }

private:
    static constexpr uint64_t kUnknown = UINT64_MAX;
    static constexpr uint64_t kNsPerSecond = 1'000'000'000;

    int64_t ends_at_ = net::kNever;
    int64_t window_ns_ = 0;
    uint64_t mark_ = 0;
};

}  // namespace sluice::exchange
