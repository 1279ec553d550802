// Wall time as text against the C library's calendar.
#include "proxy/steward/time_text.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <string>

namespace sluice::steward {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

std::string put(TimeText& time, int64_t ns) {
    std::array<char, kTimeBytes> out{};
    EXPECT_EQ(time.put(out.data(), ns), out.data() + kTimeBytes);
    return {out.data(), out.size()};
}

std::string by_library(int64_t ns) {
    const time_t second = ns / kNsPerSecond;
    tm parts{};
    ::gmtime_r(&second, &parts);
    std::array<char, 32> text{};
    const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 8> millis{};
    const int ms = static_cast<int>(ns % kNsPerSecond / 1'000'000);
    std::snprintf(millis.data(), millis.size(), ".%03dZ", ms);
    return std::string(text.data(), size) + millis.data();
}

TEST(TimeText, LikeTheLibraryInAnyOrder) {
    std::mt19937_64 draw(7);
    TimeText time;
    for (int i = 0; i < 10'000; ++i) {
        const auto ns = static_cast<int64_t>(draw() % (250ULL * 365 * 86'400 * kNsPerSecond));
        ASSERT_EQ(put(time, ns), by_library(ns));
        const int64_t near = ns - ns % kNsPerSecond + static_cast<int64_t>(draw() % kNsPerSecond);
        ASSERT_EQ(put(time, near), by_library(near)) << "within the same second";
    }
}

TEST(TimeText, LeapDaysAndMidnight) {
    TimeText time;
    EXPECT_EQ(put(time, 1'709'251'199'999'999'999), "2024-02-29T23:59:59.999Z");
    EXPECT_EQ(put(time, 1'709'251'200'000'000'000), "2024-03-01T00:00:00.000Z");
}

TEST(TimeText, ClampsWhatNoClockSays) {
    TimeText time;
    EXPECT_EQ(put(time, -1), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(put(time, std::numeric_limits<int64_t>::max()), "2262-04-11T23:47:16.854Z");
}

}  // namespace
}  // namespace sluice::steward
