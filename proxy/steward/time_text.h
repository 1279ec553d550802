// Wall time as text, RFC 3339 in UTC with milliseconds: "2026-11-24T19:51:55.042Z".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::steward {

inline constexpr size_t kTimeBytes = 24;

// Keeps the text of the last second: within it, only the milliseconds are written. One thread.
class TimeText {
public:
    // Nanoseconds since 1970, clamped to the years 1970 to 9999. Writes kTimeBytes; returns the
    // end.
    char* put(char* out, int64_t wall_ns);

private:
    void set_second(int64_t second);

    int64_t second_ = -1;
    std::array<char, kTimeBytes> text_{};
};

}  // namespace sluice::steward
