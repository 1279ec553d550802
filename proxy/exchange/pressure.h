// How far a worker has climbed the overload ladder, as its exchanges ask: one load and a compare.
// The worker writes it (proxy/worker/overload.h); docs/overload.md says what each step is for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sluice::exchange {

// Each step does all that the ones below it do.
enum class Step : uint8_t {
    none,
    shrink,   // free lists go, buffers stay small, few idle upstream connections
    close,    // answers close their connection, idle clients go, oldest first
    refuse,   // new requests get 503
    reclaim,  // who holds most is reset
    stop,     // nobody is accepted
    kCount
};

struct Pressure {
    static constexpr int64_t kNsPerSecond = 1'000'000'000;
    static constexpr int64_t kRetryAfterMostS = 30;

    Step step = Step::none;
    int64_t refusing_since_ns = 0;  // while step >= refuse
    // As many exchanges may be open as would fill what memory is left before the step `refuse`: a
    // request takes its memory only when its answer comes.
    size_t most_open = SIZE_MAX;

    bool at(Step least) const { return step >= least; }
    bool refuses(size_t open) const { return at(Step::refuse) || open > most_open; }

    // Seconds that a refused client should wait. Nobody knows when the load goes; what has lasted
    // for a while lasts about as long again, so that is what we say, from 1 to 30.
    uint8_t retry_after_s(int64_t now_ns) const {
        if (!at(Step::refuse)) return 1;
        const int64_t lasted_s = (now_ns - refusing_since_ns) / kNsPerSecond;
        return static_cast<uint8_t>(std::clamp<int64_t>(lasted_s, 1, kRetryAfterMostS));
    }
};

}  // namespace sluice::exchange
