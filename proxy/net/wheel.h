// Deadlines without a timer per operation: a wheel of 10 ms ticks that holds waiters. Moving a
// deadline later is one store; the entry stays where it is linked and is looked at again when its
// slot comes. Times are CLOCK_MONOTONIC nanoseconds. A deadline fires at or up to one tick after
// its time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "proxy/net/ready.h"

namespace sluice::net {

inline constexpr int64_t kTickNs = 10'000'000;
inline constexpr int64_t kNever = INT64_MAX;

// One entry; owned by what waits and unlinked by forget() before it goes.
class Deadline {
public:
    explicit Deadline(Waiter& waiter) : waiter_(&waiter) {}
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

private:
    friend class Wheel;
    Waiter* waiter_;
    Deadline* next_ = nullptr;
    Deadline** link_ = nullptr;  // nullptr: not linked
    int64_t due_tick_ = kNever;
    int64_t slot_tick_ = kNever;
};

class Wheel {
public:
    explicit Wheel(int64_t now) : tick_(now / kTickNs) {}

    // Replaces the entry's time; kNever disarms it. Clears an expiry that was not taken yet.
    void set(Deadline& entry, int64_t at);
    void forget(Deadline& entry);

    // Raises kDeadline on every waiter whose time has come. Waiters may set and forget entries
    // meanwhile.
    void advance(int64_t now);
    // When advance() should run next; kNever when the wheel is empty.
    int64_t next() const;

private:
    static constexpr size_t kSlots = 1024;  // 10.24 s a turn; later entries stay for further turns
    static constexpr size_t kWordBits = 64;

    void link(Deadline& entry, int64_t tick);
    void unlink(Deadline& entry);
    void fire_slot(int64_t tick);

    std::array<Deadline*, kSlots> slots_{};
    std::array<uint64_t, kSlots / kWordBits> occupied_{};
    int64_t tick_;             // all ticks up to this one are done
    Deadline* due_ = nullptr;  // entries of the slot being fired
};

}  // namespace sluice::net
