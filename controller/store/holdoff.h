// When to work, from times alone (design section 4, rule 4): the first change after quiet at once;
// the next start no sooner than 10 x the CPU time of the last one, publish included, clamped to
// 5..100 ms. One for compiles and one for updates of endpoints, which are cheap and do not pay for
// compiles. Nanoseconds, CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::store {

class Holdoff {
public:
    void changed(int64_t now);                   // something is dirty
    void done(int64_t started, int64_t cpu_ns);  // work that began at `started` is done
    void covered(int64_t started);               // other work from then on saw what was dirty
    // When the next work may start; nullopt = nothing to do.
    std::optional<int64_t> due() const;
    // From one start to the next, as the last work costs it; 0 before the first.
    int64_t pause() const { return pause_; }

private:
    bool dirty_ = false;
    int64_t not_before_ = 0;
    int64_t pause_ = 0;
    int64_t since_ = 0;  // the first change that no work has seen
    int64_t last_ = 0;   // the latest change
};

}  // namespace sluice::store
