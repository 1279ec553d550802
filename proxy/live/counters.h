// Statistics of one (rule, backend): one worker writes its own, readers sum over workers. They
// belong to the worker's index, so they go on over its deaths.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "proxy/live/mapping.h"

namespace sluice::live {

// How one exchange ended.
struct Ended {
    uint16_t reason = 0;
    uint16_t status = 0;  // that the client was sent; 0 = none
    uint32_t retries = 0;
    int64_t duration_ns = 0;     // head to end
    int64_t first_byte_ns = -1;  // head to the first response byte; -1 = none came
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
};

class Counters {
public:
    Counters(const Mapping& mapping, uint32_t worker);

    // A slot out of range is the other slot. begin() and end() pair on the same slot.
    void begin(Slot slot);
    // Worth a call when end() is a system call away: brings the lines that it writes near.
    void fetch_ahead(Slot slot) const;
    void end(Slot slot, const Ended& ended);
    uint32_t capacity() const { return static_cast<uint32_t>(own_.size()); }

private:
    Slot clamp(Slot slot) const { return slot < own_.size() ? slot : kOtherSlot; }
    std::span<Counter> own_;
    std::span<Word> in_flight_;
};

// --- for readers: sums over all workers.
struct Outcome {
    uint16_t reason = 0;  // kOtherReason: what found no cell
    uint8_t status_class = 0;
    uint64_t count = 0;
};
inline constexpr uint16_t kOtherReason = 0x1fff;
struct HistogramSum {
    std::array<uint64_t, kBuckets> buckets{};  // not cumulative
    uint64_t sum_ns = 0;
    uint64_t count() const;
};
struct CounterSum {
    std::vector<Outcome> outcomes;  // by reason, then class
    HistogramSum duration;
    HistogramSum first_byte;
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
    uint64_t retries = 0;
    uint32_t in_flight = 0;
};
CounterSum sum(const Mapping& mapping, Slot slot);

}  // namespace sluice::live
