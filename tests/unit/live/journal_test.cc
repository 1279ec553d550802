// The journal and burying: what an open exchange holds, what its worker's death gives back.
#include "proxy/live/journal.h"

#include <cstring>
#include <random>
#include <set>
#include <vector>

#include "proxy/live/counters.h"
#include "proxy/live/loads.h"
#include "tests/unit/live/live.h"

namespace sluice::live {
namespace {

using test::kSmall;
using test::Live;

constexpr uint16_t kReason = 60;

Buried bury(const Live& live, uint32_t worker, int64_t now_ns = 1000) {
    return bury(live.mapping, worker, now_ns, 9, kReason);
}

std::vector<LostRecord> lost_of(const Live& live) {
    std::vector<LostRecord> all;
    LostRecord lost{};
    while (next_lost(live.mapping, all.size(), lost)) all.push_back(lost);
    release_lost(live.mapping, all.size());
    return all;
}

TEST(Journal, gives_each_exchange_a_record_until_none_is_left) {
    Live live;
    Journal journal(live.mapping, 0);
    std::set<Journal::Index> open;
    for (uint32_t i = 0; i < kSmall.journal_records; ++i) open.insert(journal.open(i));
    EXPECT_EQ(open.size(), kSmall.journal_records);
    EXPECT_EQ(*open.begin(), 0u);
    EXPECT_EQ(journal.open_count(), kSmall.journal_records);
    EXPECT_EQ(journal.open(1), Journal::kNone);
    journal.close(3);
    EXPECT_EQ(journal.open(1), 3u);
    for (const auto index : open) journal.close(index);
    EXPECT_EQ(journal.open_count(), 0u);
    EXPECT_EQ(bury(live, 0).lost, 0u);
}

TEST(Journal, without_a_record_every_call_does_nothing) {
    Live live;
    Journal journal(live.mapping, 0);
    journal.route(Journal::kNone, 3, 4);
    journal.lease(Journal::kNone, 3, 1);
    journal.release(Journal::kNone);
    journal.claim(Journal::kNone, 0, 1, 1);
    journal.phase(Journal::kNone, Phase::relaying);
    journal.enter(Journal::kNone);
    journal.close(Journal::kNone);
    journal.close(kSmall.journal_records);
    EXPECT_EQ(journal.open_count(), 0u);
    EXPECT_EQ(bury(live, 0).lost, 0u);
}

TEST(Journal, a_record_says_where_its_exchange_stands) {
    Live live;
    Journal journal(live.mapping, 1);
    const auto index = journal.open(77);
    const JournalRecord& record = live.mapping.journal(1)[index];
    EXPECT_EQ(record.phase.load(), Phase::admitted);
    EXPECT_EQ(record.counter_slot, kUnroutedSlot);
    EXPECT_EQ(record.load_slot, kNoSlot);
    journal.route(index, 5, 99);
    journal.lease(index, 6, 2);
    journal.claim(index, 1, 3, 500);
    journal.claim(index, kJournalBuckets, 3, 500);
    journal.phase(index, Phase::relaying);
    journal.enter(index);
    EXPECT_EQ(record.counter_slot, 5u);
    EXPECT_EQ(record.rule_key, 99u);
    EXPECT_EQ(record.load_slot, 6u);
    EXPECT_EQ(record.tries, 2u);
    EXPECT_EQ(record.bucket_slots[0], kNoSlot);
    EXPECT_EQ(record.bucket_slots[1], 3u);
    EXPECT_EQ(record.amounts_us[1], 500u);
    EXPECT_EQ(record.phase.load(), Phase::relaying);
    EXPECT_EQ(live.mapping.worker(1).current.load(), index + 1);
    journal.release(index);
    EXPECT_EQ(record.load_slot, kNoSlot);
    journal.enter(Journal::kNone);
    EXPECT_EQ(live.mapping.worker(1).current.load(), 0u);
}

TEST(Journal, of_a_worker_that_starts_anew_is_free) {
    Live live;
    Journal(live.mapping, 0).open(1);
    live.mapping.worker(0).current.store(4);
    Journal journal(live.mapping, 0);
    EXPECT_EQ(journal.open_count(), 0u);
    EXPECT_EQ(live.mapping.worker(0).current.load(), 0u);
    EXPECT_EQ(bury(live, 0).lost, 0u);
}

TEST(Bury, undoes_what_the_worker_held_and_no_more) {
    Live live;
    const Mapping& mapping = live.mapping;
    for (uint32_t worker = 0; worker < 2; ++worker) {
        Journal journal(mapping, worker);
        const auto index = journal.open(100);
        journal.route(index, 4, 44);
        Counters(mapping, worker).begin(4);
        journal.claim(index, 0, 2, 30);
        mapping.buckets()[2].full_ns.fetch_add(30'000);
        journal.lease(index, 7, 1);
        Loads(mapping, worker).begin(7);
        journal.phase(index, Phase::connecting);
        journal.enter(index);
        mapping.worker(worker).connections.store(5);
        mapping.worker(worker).upstreams.store(5);
        mapping.worker(worker).mapped.store(2);
        mapping.worker(worker).accepted.store(50);
    }
    const Buried buried = bury(live, 1, 400);
    EXPECT_EQ(buried.lost, 1u);
    EXPECT_EQ(buried.returned, 1u);
    EXPECT_EQ(Loads(mapping, 0).in_flight(7), 1u) << "the living worker's";
    EXPECT_EQ(mapping.loads(1)[7].load(), 0u);
    EXPECT_EQ(mapping.buckets()[2].full_ns.load(), 30'000);
    const CounterSum sums = sum(mapping, 4);
    EXPECT_EQ(sums.in_flight, 1u);
    ASSERT_EQ(sums.outcomes.size(), 1u);
    EXPECT_EQ(sums.outcomes[0].reason, kReason);
    EXPECT_EQ(sums.outcomes[0].status_class, 0);
    EXPECT_EQ(sums.outcomes[0].count, 1u);
    EXPECT_EQ(sums.duration.sum_ns, 300u);
    const WorkerRecord& dead = mapping.worker(1);
    EXPECT_EQ(dead.connections.load() + dead.upstreams.load() + dead.mapped.load(), 0u);
    EXPECT_EQ(dead.current.load(), 0u);
    EXPECT_EQ(dead.accepted.load(), 50u) << "counters go on";
    EXPECT_EQ(mapping.worker(0).connections.load(), 5u);
    EXPECT_EQ(bury(live, 1).lost, 0u) << "once";
    EXPECT_EQ(mapping.buckets()[2].full_ns.load(), 30'000);
}

TEST(Bury, tells_the_log_of_each_lost_exchange_and_who_is_suspect) {
    Live live;
    Journal journal(live.mapping, 2);
    const auto first = journal.open(100);
    const auto second = journal.open(200);
    journal.route(first, 4, 44);
    journal.lease(first, 9, 1);
    journal.phase(first, Phase::relaying);
    journal.enter(second);
    bury(live, 2, 500);
    const auto lost = lost_of(live);
    ASSERT_EQ(lost.size(), 2u);
    EXPECT_EQ(lost[0].start_ns, 100);
    EXPECT_EQ(lost[0].died_ns, 500);
    EXPECT_EQ(lost[0].rule_key, 44u);
    EXPECT_EQ(lost[0].counter_slot, 4u);
    EXPECT_EQ(lost[0].load_slot, 9u);
    EXPECT_EQ(lost[0].worker, 2);
    EXPECT_EQ(lost[0].phase, static_cast<uint8_t>(Phase::relaying));
    EXPECT_EQ(lost[0].signal, 9u);
    EXPECT_EQ(lost[0].suspect, 0);
    EXPECT_EQ(lost[1].suspect, 1);
    EXPECT_EQ(lost[1].counter_slot, kUnroutedSlot);
    EXPECT_EQ(sum(live.mapping, kUnroutedSlot).duration.count(), 1u);
}

TEST(Bury, what_the_lost_ring_cannot_hold_is_counted) {
    Live live;
    Journal journal(live.mapping, 0);
    for (uint32_t i = 0; i < kSmall.journal_records; ++i) journal.open(i);
    EXPECT_EQ(bury(live, 0).lost, kSmall.journal_records);
    EXPECT_EQ(lost_of(live).size(), kSmall.lost_records);
    EXPECT_EQ(
        live.mapping.lost_ring().dropped.load(), kSmall.journal_records - kSmall.lost_records
    );
    Journal(live.mapping, 0).open(1);
    bury(live, 0);
    EXPECT_EQ(lost_of(live).size(), 1u) << "there is room again";
}

TEST(Bury, a_lost_ring_of_nonsense_begins_anew) {
    Live live;
    live.mapping.lost_ring().tail.store(99);
    EXPECT_TRUE(lost_of(live).empty());
    Journal(live.mapping, 0).open(1);
    bury(live, 0);
    EXPECT_EQ(lost_of(live).size(), 1u);
}

TEST(Bury, a_bucket_never_falls_below_zero) {
    Live live;
    Journal journal(live.mapping, 0);
    journal.claim(journal.open(1), 0, 1, 4'000'000'000u);
    live.mapping.buckets()[1].full_ns.store(1'000);
    live.mapping.buckets()[2].full_ns.store(-7);
    journal.claim(journal.open(1), 0, 2, 5);
    bury(live, 0);
    EXPECT_EQ(live.mapping.buckets()[1].full_ns.load(), 0);
    EXPECT_EQ(live.mapping.buckets()[2].full_ns.load(), -7);
}

// Fills what a worker can write with random bytes: nobody else's numbers may change.
TEST(Bury, is_total_on_any_bytes_of_the_dead_worker) {
    Live live;
    const Mapping& mapping = live.mapping;
    std::mt19937_64 random(3);
    const auto scribble = [&](std::span<std::byte> bytes) {
        for (std::byte& each : bytes) each = static_cast<std::byte>(random());
    };
    for (int round = 0; round < 500; ++round) {
        mapping.loads(0)[3].store(11);
        for (Bucket& bucket : mapping.buckets()) bucket.full_ns.store(5'000'000'000'000);
        scribble(std::as_writable_bytes(mapping.journal(1)));
        scribble(std::as_writable_bytes(mapping.loads(1)));
        scribble(std::as_writable_bytes(mapping.counters(1)));
        scribble(std::as_writable_bytes(mapping.counter_loads(1)));
        scribble(std::as_writable_bytes(std::span(&mapping.worker(1), 1)));
        scribble(std::as_writable_bytes(std::span(&mapping.lost_ring(), 1)));
        const Buried buried = bury(live, 1, static_cast<int64_t>(random()));
        ASSERT_LE(buried.lost, kSmall.journal_records);
        ASSERT_EQ(bury(live, 1).lost, 0u);
        ASSERT_EQ(Loads(mapping, 0).in_flight(3), 11u);
        for (const Bucket& bucket : mapping.buckets()) ASSERT_GE(bucket.full_ns.load(), 0);
        ASSERT_LE(lost_of(live).size(), kSmall.lost_records);
    }
}

}  // namespace
}  // namespace sluice::live
