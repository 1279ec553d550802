// traceparent = version "-" trace-id "-" parent-id "-" flags, lower-case hex.
#include "proxy/http/trace.h"

#include <cstddef>

namespace sluice::http {

namespace {

constexpr size_t kVersionEnd = 2;
constexpr size_t kTraceAt = 3;
constexpr size_t kTraceEnd = 35;
constexpr size_t kParentEnd = 52;
constexpr size_t kBytes = 55;  // of version 00; later ones may append "-…"
constexpr int kNoDigit = -1;

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return kNoDigit;
}

bool all_digits(std::string_view text) {
    for (const char c : text) {
        if (digit(c) == kNoDigit) return false;
    }
    return true;
}

bool lawful(std::string_view value) {
    if (value.size() < kBytes) return false;
    const std::string_view version = value.substr(0, kVersionEnd);
    const bool dashes =
        value[kVersionEnd] == '-' && value[kTraceEnd] == '-' && value[kParentEnd] == '-';
    if (!dashes || !all_digits(version) || version == "ff") return false;
    if (version == "00" && value.size() != kBytes) return false;
    if (value.size() > kBytes && value[kBytes] != '-') return false;
    return all_digits(value.substr(kTraceAt, kTraceEnd - kTraceAt)) &&
           all_digits(value.substr(kTraceEnd + 1, kParentEnd - kTraceEnd - 1)) &&
           all_digits(value.substr(kParentEnd + 1, kBytes - kParentEnd - 1));
}

}  // namespace

std::array<uint8_t, 16> trace_id(std::string_view traceparent) {
    std::array<uint8_t, 16> id{};
    if (!lawful(traceparent)) return id;
    for (size_t i = 0; i < id.size(); ++i) {
        const char* const at = traceparent.data() + kTraceAt + 2 * i;
        id[i] = static_cast<uint8_t>(digit(at[0]) << 4 | digit(at[1]));
    }
    return id;
}

}  // namespace sluice::http
