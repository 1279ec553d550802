// Readiness and waiting. Readiness lives in its source (a socket, later an HTTP/2 stream) as three
// bits that stay set until a read or write finds nothing; a waiter holds only a mask. Nothing is
// registered per wait: lending an upstream to an exchange is two pointer stores.
#pragma once

#include <coroutine>
#include <cstdint>

namespace sluice::net {

// Bits of one source.
inline constexpr uint8_t kReadable = 1;
inline constexpr uint8_t kWritable = 2;
inline constexpr uint8_t kGone =
    4;  // the peer sent FIN or reset; bytes before it may still be readable

// Bits of a waiter: two sources and the deadline.
using Wake = uint16_t;
inline constexpr uint8_t kClientShift = 0;
inline constexpr uint8_t kUpstreamShift = 3;
inline constexpr Wake kClientReadable = kReadable << kClientShift;
inline constexpr Wake kClientWritable = kWritable << kClientShift;
inline constexpr Wake kClientGone = kGone << kClientShift;
inline constexpr Wake kUpstreamReadable = kReadable << kUpstreamShift;
inline constexpr Wake kUpstreamWritable = kWritable << kUpstreamShift;
inline constexpr Wake kUpstreamGone = kGone << kUpstreamShift;
inline constexpr Wake kDeadline = 1 << 6;
inline constexpr Wake kTurn = 1 << 7;  // the others had their turn (turns.h)

class Waiter;

// Something that becomes ready. `waiter` is told; nullptr means nobody waits (an idle pooled
// connection).
struct Source {
    Waiter* waiter = nullptr;
    uint8_t bits = 0;
    uint8_t shift = kClientShift;

    void raise(uint8_t raised);
    // Tells the waiter which of `raised` are still up; the bits were set before.
    void tell(uint8_t raised);
    void attach(Waiter& to, uint8_t at_shift) {
        waiter = &to;
        shift = at_shift;
    }
    void detach() { waiter = nullptr; }
};

// One coroutine waiting on up to two sources and one deadline.
class Waiter {
public:
    const Source* client = nullptr;
    const Source* upstream = nullptr;

    // `co_await waiter.wake(set)` returns the bits of `set` that are up, at least one. It does not
    // suspend when one is up already, so ask only for what a try has just found to be down.
    auto wake(Wake set) {
        struct Awaiter {
            Waiter& waiter;
            Wake set;
            bool await_ready() const noexcept { return (waiter.ready() & set) != 0; }
            void await_suspend(std::coroutine_handle<> handle) noexcept {
                waiter.handle_ = handle;
                waiter.wanted_ = set;
            }
            Wake await_resume() noexcept { return waiter.take(set); }
        };
        return Awaiter{*this, set};
    }

    // Called by sources, the wheel and turns. May resume the coroutine, which may destroy what owns
    // this waiter: the caller touches nothing of it afterwards.
    void raised(Wake bits) {
        pending_ |= bits & (kDeadline | kTurn);
        if (handle_ && (bits & wanted_) != 0) {
            const auto handle = handle_;
            handle_ = nullptr;
            handle.resume();
        }
    }
    // A new deadline makes an expired old one meaningless.
    void forget_deadline() { pending_ &= static_cast<Wake>(~kDeadline); }

private:
    friend class Turns;

    Wake ready() const {
        Wake bits = pending_;
        if (client != nullptr) bits |= static_cast<Wake>(client->bits << kClientShift);
        if (upstream != nullptr) bits |= static_cast<Wake>(upstream->bits << kUpstreamShift);
        return bits;
    }
    Wake take(Wake set) {
        const Wake up = ready() & set;
        handle_ = nullptr;
        wanted_ = 0;
        pending_ = 0;
        return up;
    }

    std::coroutine_handle<> handle_ = nullptr;
    Wake wanted_ = 0;
    Wake pending_ = 0;
    bool has_turn_ = false;  // stands in Turns
};

inline void Source::tell(uint8_t raised) {
    if (waiter != nullptr) waiter->raised(static_cast<Wake>((raised & bits) << shift));
}

inline void Source::raise(uint8_t raised) {
    bits |= raised;
    tell(raised);
}

}  // namespace sluice::net
