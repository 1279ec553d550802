// One record of the access log as one line of JSON. Pure: bytes in, bytes out, no allocation. The
// keys are documented in docs/access-log.md; what is unknown or does not apply is left out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/live/layout.h"
#include "proxy/live/log_ring.h"
#include "proxy/steward/json_text.h"
#include "proxy/steward/time_text.h"
#include "table/limits.h"

namespace sluice::steward {

// What counter and load slots are called; empty = left out.
struct LineNames {
    std::string_view rule;
    std::string_view backend;
    std::string_view endpoint;  // of lost exchanges; a record carries its own
};

// The longest texts of one line, in bytes before escaping: all of one record together, one name
// of a slot, one header's name. What is longer is cut.
inline constexpr size_t kRecordTextBytes = live::kLogSlackBytes;
inline constexpr size_t kSlotTextBytes = sizeof(live::SlotRecord::text);
inline constexpr size_t kFixedBytes = 1'024;  // keys, punctuation, numbers
// Room that one line needs at most, its end included.
inline constexpr size_t kLineBytes =
    kFixedBytes + kEscapeSlackBytes + kEscapedBytes * (kRecordTextBytes + 3 * kSlotTextBytes) +
    limits::kLogHeaders * (kEscapedBytes * limits::kFieldNameBytes + sizeof("\"\":\"\","));

// One thread.
class LogLine {
public:
    // Names of the allow-listed headers, in the order of the records; what is behind the last that
    // a record can carry is ignored, and a name's second place.
    explicit LogLine(const std::vector<std::string>& headers);

    // Wall time of CLOCK_MONOTONIC's zero, for the lines that follow.
    void set_zero(int64_t wall_ns) { zero_ns_ = wall_ns; }

    // Both write one line with its "\n" and return its end. Total on any record.
    // REQUIRES: kLineBytes of room.
    char* ended(
        char* out, const live::LogFacts& facts, const live::LogTexts& texts, const LineNames& names
    );
    // An exchange that died with its worker.
    char* lost(char* out, const live::LostRecord& record, const LineNames& names);

private:
    char* put_headers(char* out, const live::LogTexts& texts, size_t& room) const;

    TimeText time_;
    int64_t zero_ns_ = 0;
    std::array<std::string, live::kLogHeaders> headers_;  // "name":" in front of its value
};

}  // namespace sluice::steward
