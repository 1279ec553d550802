// The clock of all times in live state.
#pragma once

#include <cstdint>
#include <ctime>

namespace sluice::live {

// CLOCK_MONOTONIC, nanoseconds.
inline int64_t monotonic_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace sluice::live
