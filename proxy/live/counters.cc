// Counting an exchange, and the sums that people see.
#include "proxy/live/counters.h"

#include <algorithm>
#include <map>

namespace sluice::live {
namespace {

constexpr unsigned kTagShift = 48;
constexpr uint64_t kCountMask = (uint64_t{1} << kTagShift) - 1;
constexpr unsigned kClasses = 8;  // room for the class in a tag
constexpr unsigned kLargestStatus = 599;

// One writer: no other process changes the number in between.
template <typename Number, typename Amount>
void add(std::atomic<Number>& number, Amount amount) {
    const Number before = number.load(std::memory_order_relaxed);
    number.store(before + static_cast<Number>(amount), std::memory_order_relaxed);
}

uint64_t tag_of(uint16_t reason, uint16_t status) {
    const unsigned status_class = status > kLargestStatus ? 0 : status / 100;
    if (reason >= kOtherReason) return kOtherOutcome;
    return 1 + uint64_t{reason} * kClasses + status_class;
}

// The cell of `tag`, or the first empty one, or the last.
void count(std::array<Count, kOutcomes>& cells, uint64_t tag) {
    for (size_t i = 0; i + 1 < kOutcomes; ++i) {
        const uint64_t cell = cells[i].load(std::memory_order_relaxed);
        if (cell >> kTagShift != tag && cell != 0) continue;
        // Full after 2^48; one more would turn it into another outcome.
        const uint64_t number = std::min((cell & kCountMask) + 1, kCountMask);
        cells[i].store(tag << kTagShift | number, std::memory_order_relaxed);
        return;
    }
    Count& other = cells[kOutcomes - 1];
    const uint64_t number = other.load(std::memory_order_relaxed) & kCountMask;
    const uint64_t next = std::min(number + 1, kCountMask);
    other.store(kOtherOutcome << kTagShift | next, std::memory_order_relaxed);
}

size_t bucket_of(int64_t value_ns) {
    size_t bucket = 0;
    for (const int64_t bound : kBounds) bucket += value_ns > bound ? 1 : 0;
    return bucket;
}

void decrease(Word& word) {
    const uint32_t before = word.load(std::memory_order_relaxed);
    if (before != 0) word.store(before - 1, std::memory_order_relaxed);
}

void add_to(CounterSum& sum, const Counter& counter) {
    const auto read = [](const Count& count) { return count.load(std::memory_order_relaxed); };
    for (size_t i = 0; i < kBuckets; ++i) {
        sum.duration.buckets[i] += read(counter.buckets[i].duration);
        sum.first_byte.buckets[i] += read(counter.buckets[i].first_byte);
    }
    sum.duration.sum_ns += read(counter.duration_ns);
    sum.first_byte.sum_ns += read(counter.first_byte_ns);
    sum.bytes_in += read(counter.bytes_in);
    sum.bytes_out += read(counter.bytes_out);
    sum.retries += read(counter.retries);
}

using Tallies = std::map<uint64_t, uint64_t>;  // by tag, so by reason, then class

void add_to(Tallies& tallies, const std::array<Count, kOutcomes>& cells) {
    for (const Count& each : cells) {
        const uint64_t cell = each.load(std::memory_order_relaxed);
        if (cell >> kTagShift != 0) tallies[cell >> kTagShift] += cell & kCountMask;
    }
}

Outcome outcome(uint64_t tag, uint64_t number) {
    if (tag == kOtherOutcome) return {.reason = kOtherReason, .status_class = 0, .count = number};
    return {
        .reason = static_cast<uint16_t>((tag - 1) / kClasses),
        .status_class = static_cast<uint8_t>((tag - 1) % kClasses),
        .count = number,
    };
}

}  // namespace

Counters::Counters(const Mapping& mapping, uint32_t worker)
    : own_(mapping.counters(worker)), in_flight_(mapping.counter_loads(worker)) {}

void Counters::begin(Slot slot) {
    add(in_flight_[clamp(slot)], 1);
}

void Counters::fetch_ahead(Slot slot) const {
    const Counter& counter = own_[clamp(slot)];
    __builtin_prefetch(&counter, 1);
    __builtin_prefetch(counter.buckets.data(), 1);
}

void Counters::end(Slot slot, const Ended& ended) {
    const Slot own = clamp(slot);
    Counter& counter = own_[own];
    count(counter.outcomes, tag_of(ended.reason, ended.status));
    const int64_t duration_ns = std::max<int64_t>(ended.duration_ns, 0);
    add(counter.duration_ns, duration_ns);
    add(counter.buckets[bucket_of(duration_ns)].duration, 1);
    if (ended.first_byte_ns >= 0) {
        add(counter.first_byte_ns, ended.first_byte_ns);
        add(counter.buckets[bucket_of(ended.first_byte_ns)].first_byte, 1);
    }
    if (ended.bytes_in != 0) add(counter.bytes_in, ended.bytes_in);
    if (ended.bytes_out != 0) add(counter.bytes_out, ended.bytes_out);
    if (ended.retries != 0) add(counter.retries, ended.retries);
    decrease(in_flight_[own]);
}

uint64_t HistogramSum::count() const {
    uint64_t all = 0;
    for (const uint64_t bucket : buckets) all += bucket;
    return all;
}

CounterSum sum(const Mapping& mapping, Slot slot) {
    CounterSum result;
    if (slot >= mapping.sizes().counter_slots) return result;
    Tallies tallies;
    uint64_t in_flight = 0;
    for (uint32_t worker = 0; worker < mapping.sizes().workers; ++worker) {
        const Counter& counter = mapping.counters(worker)[slot];
        add_to(tallies, counter.outcomes);
        add_to(result, counter);
        in_flight += mapping.counter_loads(worker)[slot].load(std::memory_order_relaxed);
    }
    for (const auto& [tag, number] : tallies) result.outcomes.push_back(outcome(tag, number));
    result.in_flight = static_cast<uint32_t>(std::min<uint64_t>(in_flight, UINT32_MAX));
    return result;
}

}  // namespace sluice::live
