// Loads and counters: single writers, sums over workers, cells and buckets, nonsense clamped.
#include "proxy/live/counters.h"

#include "proxy/live/loads.h"
#include "tests/unit/live/live.h"

namespace sluice::live {
namespace {

using test::kSmall;
using test::Live;

TEST(Loads, sums_over_workers_and_each_undoes_its_own) {
    Live live;
    Loads one(live.mapping, 0);
    Loads two(live.mapping, 2);
    one.begin(5);
    two.begin(5);
    two.begin(5);
    EXPECT_EQ(one.in_flight(5), 3u);
    EXPECT_EQ(two.in_flight(5), 3u);
    EXPECT_EQ(one.in_flight(6), 0u);
    one.end(5);
    one.end(5);
    EXPECT_EQ(two.in_flight(5), 2u) << "a worker takes nothing from another's word";
    one.begin(5);
    EXPECT_EQ(two.in_flight(5), 3u) << "end stayed at 0";
}

TEST(Loads, a_slot_out_of_range_is_the_other_slot_and_has_no_load) {
    Live live;
    Loads loads(live.mapping, 1);
    EXPECT_EQ(loads.capacity(), kSmall.load_slots);
    loads.begin(kSmall.load_slots);
    loads.begin(kNoSlot);
    loads.failed(kNoSlot);
    EXPECT_EQ(loads.in_flight(kOtherSlot), 2u);
    EXPECT_EQ(loads.failures(kOtherSlot), 1u);
    EXPECT_EQ(loads.in_flight(kNoSlot), 0u);
    EXPECT_EQ(loads.failures(kSmall.load_slots), 0u);
    loads.end(kNoSlot);
    EXPECT_EQ(loads.in_flight(kOtherSlot), 1u);
}

TEST(Loads, a_sum_of_nonsense_is_the_largest_number) {
    Live live;
    for (uint32_t w = 0; w < kSmall.workers; ++w) live.mapping.loads(w)[3].store(0xfffffff0u);
    EXPECT_EQ(Loads(live.mapping, 0).in_flight(3), UINT32_MAX);
}

TEST(Loads, failures_of_all_workers) {
    Live live;
    Loads(live.mapping, 0).failed(4);
    Loads(live.mapping, 1).failed(4);
    EXPECT_EQ(Loads(live.mapping, 2).failures(4), 2u);
}

uint64_t total(const CounterSum& sum) {
    uint64_t all = 0;
    for (const Outcome& each : sum.outcomes) all += each.count;
    return all;
}

TEST(Counters, an_exchange_is_counted_once_in_each_number) {
    Live live;
    Counters one(live.mapping, 0);
    Counters two(live.mapping, 1);
    one.begin(4);
    two.begin(4);
    EXPECT_EQ(sum(live.mapping, 4).in_flight, 2u);
    one.end(
        4, {.status = 204, .retries = 2, .duration_ns = 3'000'000, .bytes_in = 10, .bytes_out = 20}
    );
    two.end(4, {.reason = 9, .status = 503, .duration_ns = 1'000'000, .first_byte_ns = 1'000'001});
    const CounterSum all = sum(live.mapping, 4);
    EXPECT_EQ(all.in_flight, 0u);
    ASSERT_EQ(all.outcomes.size(), 2u);
    EXPECT_EQ(all.outcomes[0].reason, 0);
    EXPECT_EQ(all.outcomes[0].status_class, 2);
    EXPECT_EQ(all.outcomes[1].reason, 9);
    EXPECT_EQ(all.outcomes[1].status_class, 5);
    EXPECT_EQ(all.duration.count(), 2u);
    EXPECT_EQ(all.duration.buckets[0], 1u) << "a bound is within its bucket";
    EXPECT_EQ(all.duration.buckets[1], 1u);
    EXPECT_EQ(all.duration.sum_ns, 4'000'000u);
    EXPECT_EQ(all.first_byte.count(), 1u);
    EXPECT_EQ(all.first_byte.buckets[1], 1u);
    EXPECT_EQ(all.bytes_in, 10u);
    EXPECT_EQ(all.bytes_out, 20u);
    EXPECT_EQ(all.retries, 2u);
}

TEST(Counters, each_bound_ends_its_bucket) {
    Live live;
    Counters counters(live.mapping, 0);
    for (const int64_t bound : kBounds) {
        counters.end(2, {.duration_ns = bound});
        counters.end(2, {.duration_ns = bound + 1});
    }
    counters.end(2, {.duration_ns = -5});
    const auto buckets = sum(live.mapping, 2).duration.buckets;
    for (const uint64_t bucket : std::span(buckets).first(kBuckets - 1)) EXPECT_EQ(bucket, 2u);
    EXPECT_EQ(buckets.back(), 1u);
}

TEST(Counters, what_finds_no_cell_is_counted_as_other) {
    Live live;
    Counters counters(live.mapping, 0);
    for (int round = 0; round < 3; ++round) {
        for (uint16_t reason = 0; reason < 20; ++reason) counters.end(3, {.reason = reason});
    }
    const CounterSum all = sum(live.mapping, 3);
    ASSERT_EQ(all.outcomes.size(), kOutcomes);
    EXPECT_EQ(total(all), 60u);
    for (size_t i = 0; i + 1 < kOutcomes; ++i) {
        EXPECT_EQ(all.outcomes[i].reason, i);
        EXPECT_EQ(all.outcomes[i].count, 3u);
    }
    EXPECT_EQ(all.outcomes.back().reason, kOtherReason);
    EXPECT_EQ(all.outcomes.back().count, 15u);
}

TEST(Counters, numbers_that_no_tag_holds_are_other_or_no_class) {
    Live live;
    Counters counters(live.mapping, 0);
    counters.end(3, {.reason = 0xffff, .status = 200});
    counters.end(3, {.reason = 1, .status = 65'535});
    const CounterSum all = sum(live.mapping, 3);
    ASSERT_EQ(all.outcomes.size(), 2u);
    EXPECT_EQ(all.outcomes[0].reason, 1);
    EXPECT_EQ(all.outcomes[0].status_class, 0);
    EXPECT_EQ(all.outcomes[1].reason, kOtherReason);
}

TEST(Counters, a_full_cell_stays_what_it_is) {
    Live live;
    live.mapping.counters(0)[3].outcomes[0].store(uint64_t{1} << 48 | ((uint64_t{1} << 48) - 1));
    Counters(live.mapping, 0).end(3, {});
    const CounterSum all = sum(live.mapping, 3);
    ASSERT_EQ(all.outcomes.size(), 1u);
    EXPECT_EQ(all.outcomes[0].reason, 0);
    EXPECT_EQ(all.outcomes[0].count, (uint64_t{1} << 48) - 1);
}

TEST(Counters, in_flight_stays_at_zero_when_more_end_than_began) {
    Live live;
    Counters counters(live.mapping, 0);
    counters.fetch_ahead(kNoSlot);  // changes nothing, whatever the slot
    counters.begin(kUnroutedSlot);
    EXPECT_EQ(sum(live.mapping, kUnroutedSlot).in_flight, 1u);
    counters.end(kUnroutedSlot, {});
    counters.end(kUnroutedSlot, {});
    EXPECT_EQ(sum(live.mapping, kUnroutedSlot).in_flight, 0u);
}

TEST(Counters, a_slot_out_of_range_is_other_to_write_and_empty_to_read) {
    Live live;
    Counters counters(live.mapping, 0);
    counters.begin(kNoSlot);
    EXPECT_EQ(sum(live.mapping, kOtherSlot).in_flight, 1u);
    counters.end(kSmall.counter_slots, {});
    EXPECT_EQ(total(sum(live.mapping, kOtherSlot)), 1u);
    EXPECT_EQ(total(sum(live.mapping, kSmall.counter_slots)), 0u);
}

}  // namespace
}  // namespace sluice::live
