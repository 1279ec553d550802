// When to compile, from times alone (design section 4, rule 4): the first change after quiet at
// once; the next start no sooner than 10 x the CPU time of the last compile and publish, clamped
// to 5..100 ms. Nanoseconds, CLOCK_MONOTONIC.
#pragma once

#include <cstdint>
#include <optional>

namespace sluice::store {

class Holdoff {
public:
    void changed(int64_t now);                       // something is dirty
    void compiled(int64_t started, int64_t cpu_ns);  // a compile that began at `started` is done
    // When the next compile may start; nullopt = nothing to do.
    std::optional<int64_t> due() const;

private:
    bool dirty_ = false;
    int64_t not_before_ = 0;
    int64_t since_ = 0;  // the first change that no compile has seen
    int64_t last_ = 0;   // the latest change
};

}  // namespace sluice::store
