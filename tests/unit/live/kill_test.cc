// A worker is killed at every kill point of the journal, again and again, and buried: what the pod
// sees afterwards must be true.
#include <csignal>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <sys/wait.h>

#include "proxy/live/counters.h"
#include "proxy/live/journal.h"
#include "proxy/live/kill_point.h"
#include "proxy/live/loads.h"
#include "tests/unit/live/live.h"

namespace sluice::live {
namespace {

using test::kSmall;
using test::Live;

constexpr uint32_t kVictim = 1;
constexpr uint32_t kAmountUs = 10;
constexpr int64_t kAmountNs = kAmountUs * 1000;
constexpr int64_t kBaseNs = 1000 * kAmountNs;  // in each bucket before: nothing is cut at zero
constexpr uint16_t kReason = 60;

// Counts what the victim did where it outlives it: words of another worker's failures. The bucket
// of a claim is its own, so that each can be followed.
struct Tally {
    explicit Tally(const Mapping& mapping) : words(mapping.failures(0)) {}
    std::span<Count> words;
    Count& opened() { return words[0]; }
    Count& ended() { return words[1]; }
    // Claims of a bucket that closed exchanges keep.
    Count& kept(Slot bucket) { return words[2 + bucket]; }
    // Claims of open exchanges whose amount was taken.
    Count& held(Slot bucket) { return words[2 + kSmall.buckets + bucket]; }
};

// One worker that does what workers do, in random order, until it is killed or has done enough.
class Victim {
public:
    Victim(const Mapping& mapping, uint64_t seed)
        : mapping_(mapping),
          tally_(mapping),
          journal_(mapping, kVictim),
          loads_(mapping, kVictim),
          counters_(mapping, kVictim),
          random_(seed) {}

    void run() {
        for (int step = 0; step < 400; ++step) {
            if (open_.size() < 6 && random_() % 2 == 0) {
                begin();
            } else if (!open_.empty()) {
                const size_t which = random_() % open_.size();
                end(open_[which]);
                open_.erase(open_.begin() + static_cast<ptrdiff_t>(which));
            }
        }
    }

private:
    struct Exchange {
        Journal::Index index;
        Slot counter;
        Slot load;
        Slot bucket;
    };

    void begin() {
        tally_.opened().fetch_add(1);
        Exchange exchange{};
        exchange.index = journal_.open(1);
        journal_.enter(exchange.index);
        exchange.counter = static_cast<Slot>(1 + random_() % 10);
        journal_.route(exchange.index, exchange.counter, 5);
        counters_.begin(exchange.counter);
        exchange.bucket = static_cast<Slot>(random_() % kSmall.buckets);
        journal_.claim(exchange.index, 0, exchange.bucket, kAmountUs);
        mapping_.buckets()[exchange.bucket].full_ns.fetch_add(kAmountNs);
        tally_.held(exchange.bucket).fetch_add(1);
        exchange.load = static_cast<Slot>(1 + random_() % 10);
        journal_.lease(exchange.index, exchange.load, 1);
        loads_.begin(exchange.load);
        journal_.phase(exchange.index, Phase::relaying);
        journal_.enter(Journal::kNone);
        open_.push_back(exchange);
    }
    void end(const Exchange& exchange) {
        loads_.end(exchange.load);
        journal_.release(exchange.index);
        counters_.end(exchange.counter, {.status = 200});
        tally_.ended().fetch_add(1);
        journal_.close(exchange.index);
        tally_.held(exchange.bucket).fetch_sub(1);
        tally_.kept(exchange.bucket).fetch_add(1);
    }

    const Mapping& mapping_;
    Tally tally_;
    Journal journal_;
    Loads loads_;
    Counters counters_;
    std::mt19937_64 random_;
    std::vector<Exchange> open_;
};

// Whether it was killed.
bool run_victim(const Live& live, std::string_view point, int nth) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::setenv("SLUICE_KILL_AT", (std::string(point) + ":" + std::to_string(nth)).c_str(), 1);
        Victim(live.mapping, static_cast<uint64_t>(nth)).run();
        ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

// The words of a living sibling, which must stay as they are, and what is in the buckets.
void fill_others(const Mapping& mapping) {
    for (Word& word : mapping.loads(2)) word.store(3);
    for (Word& word : mapping.counter_loads(2)) word.store(4);
    Journal(mapping, 2).open(9);
    for (Bucket& bucket : mapping.buckets()) bucket.full_ns.store(kBaseNs);
}

void expect_sibling(const Mapping& mapping) {
    for (Word& word : mapping.loads(2)) ASSERT_EQ(word.load(), 3u);
    for (Word& word : mapping.counter_loads(2)) ASSERT_EQ(word.load(), 4u);
    ASSERT_EQ(mapping.journal(2)[0].phase.load(), Phase::admitted);
}

uint64_t requests(const Mapping& mapping, uint16_t reason) {
    uint64_t all = 0;
    for (Slot slot = 0; slot < kSmall.counter_slots; ++slot) {
        for (const Outcome& each : sum(mapping, slot).outcomes) {
            if (each.reason == reason) all += each.count;
        }
    }
    return all;
}

// `doubtful`: claims that were journalled and not yet taken, or closed and not yet in the tally.
void expect_balance(const Mapping& mapping, Tally& tally, uint32_t returned, int64_t doubtful) {
    int64_t wrong = 0;
    int64_t held = 0;
    for (Slot bucket = 0; bucket < kSmall.buckets; ++bucket) {
        const int64_t full = mapping.buckets()[bucket].full_ns.load() - kBaseNs;
        ASSERT_EQ(full % kAmountNs, 0) << "an amount goes back whole, or not at all";
        const auto kept = static_cast<int64_t>(tally.kept(bucket).load());
        wrong += std::abs(full / kAmountNs - kept);
        held += static_cast<int64_t>(tally.held(bucket).load());
    }
    EXPECT_EQ(wrong, doubtful);
    EXPECT_EQ(std::abs(held - int64_t{returned}), doubtful);
}

void expect_truth(const Live& live, const Buried& buried, int64_t doubtful) {
    const Mapping& mapping = live.mapping;
    Tally tally(mapping);
    for (const Word& word : mapping.loads(kVictim)) ASSERT_EQ(word.load(), 0u);
    for (const Word& word : mapping.counter_loads(kVictim)) ASSERT_EQ(word.load(), 0u);
    for (const JournalRecord& record : mapping.journal(kVictim)) {
        ASSERT_EQ(record.phase.load(), Phase::free);
    }
    expect_sibling(mapping);
    expect_balance(mapping, tally, buried.returned, doubtful);
    const uint64_t opened = tally.opened().load();
    const uint64_t ended = tally.ended().load();
    EXPECT_LE(buried.lost, opened);
    EXPECT_EQ(requests(mapping, kReason), buried.lost);
    // One may have died before its record was written, or after its end was counted.
    EXPECT_LE(ended + buried.lost, opened + 1);
    EXPECT_GE(ended + buried.lost + 1, opened);
}

TEST(Kill, at_every_point_of_the_journal_leaves_true_numbers) {
#ifndef SLUICE_INSTRUMENTED
    // `make test` takes the unit tests from the instrumented build, so it never skips this.
    GTEST_SKIP() << "kill points exist in the instrumented build only";
#endif
    for (const std::string_view point : kKillPoints) {
        for (const int nth : {1, 2, 7, 50}) {
            SCOPED_TRACE(std::string(point) + ":" + std::to_string(nth));
            const Live live;
            fill_others(live.mapping);
            ASSERT_TRUE(run_victim(live, point, nth)) << "this point was never reached";
            const bool doubt = point == "journal.claim.after" || point == "journal.close.after";
            const Buried buried = bury(live.mapping, kVictim, 10, SIGKILL, kReason);
            expect_truth(live, buried, doubt ? 1 : 0);
            ASSERT_FALSE(testing::Test::HasFailure());
        }
    }
}

TEST(Kill, a_worker_that_is_told_of_a_call_too_late_lives) {
    const Live live;
    fill_others(live.mapping);
    EXPECT_FALSE(run_victim(live, "journal.open.before", 1'000'000));
    expect_truth(live, bury(live.mapping, kVictim, 10, 0, kReason), 0);
}

}  // namespace
}  // namespace sluice::live
