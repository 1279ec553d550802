// Calendar arithmetic once a second, three digits otherwise.
#include "proxy/steward/time_text.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace sluice::steward {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kMsPerSecond = 1'000;
constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999
constexpr size_t kMillisAt = 20;

void put_digits(char* out, unsigned value, int digits) {
    for (int i = digits - 1; i >= 0; --i, value /= 10) {
        out[i] = static_cast<char>('0' + value % 10);
    }
}

}  // namespace

char* TimeText::put(char* out, int64_t wall_ns) {
    const int64_t ms = std::max<int64_t>(wall_ns, 0) / kNsPerMs;
    const int64_t second = std::min(ms / kMsPerSecond, kLastSecond);
    if (second != second_) set_second(second);
    std::memcpy(out, text_.data(), kTimeBytes);
    put_digits(out + kMillisAt, static_cast<unsigned>(ms % kMsPerSecond), 3);
    return out + kTimeBytes;
}

void TimeText::set_second(int64_t second) {
    const std::chrono::sys_seconds at{std::chrono::seconds(second)};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const auto of_day = static_cast<unsigned>((at - day).count());
    char* const text = text_.data();
    std::memcpy(text, "0000-00-00T00:00:00.000Z", kTimeBytes);
    put_digits(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put_digits(text + 5, static_cast<unsigned>(date.month()), 2);
    put_digits(text + 8, static_cast<unsigned>(date.day()), 2);
    put_digits(text + 11, of_day / 3'600, 2);
    put_digits(text + 14, of_day / 60 % 60, 2);
    put_digits(text + 17, of_day % 60, 2);
    second_ = second;
}

}  // namespace sluice::steward
