// Records of open exchanges: each store stands where dying between two of them does no harm.
#include "proxy/live/journal.h"

#include <numeric>

#include "proxy/live/kill_point.h"

namespace sluice::live {
namespace {

// Who reads the record does so when its writer is dead: the order in which this thread's stores
// are done is all that counts, so it is the compiler alone that must keep it.
void in_order() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

Journal::Journal(const Mapping& mapping, uint32_t worker)
    : records_(mapping.journal(worker)), worker_(mapping.worker(worker)), free_(records_.size()) {
    mapping.clear(RegionKind::journal, worker);
    worker_.current.store(0, std::memory_order_relaxed);
    // The first is taken first, so that the pages of records never needed stay untouched.
    std::iota(free_.rbegin(), free_.rend(), Index{0});
}

Journal::Index Journal::open(int64_t now_ns) {
    if (free_.empty()) return kNone;
    const Index index = free_.back();
    free_.pop_back();
    JournalRecord& record = records_[index];
    kill_point("journal.open.before");
    record.counter_slot = kUnroutedSlot;
    record.load_slot = kNoSlot;
    record.tries = 0;
    record.start_ns = now_ns;
    record.rule_key = 0;
    record.bucket_slots.fill(kNoSlot);
    kill_point("journal.open.between");
    record.phase.store(Phase::admitted, std::memory_order_release);
    kill_point("journal.open.after");
    return index;
}

void Journal::close(Index index) {
    JournalRecord* const record = at(index);
    if (record == nullptr || free_.size() == records_.size()) return;
    kill_point("journal.close.before");
    record->phase.store(Phase::free, std::memory_order_release);
    kill_point("journal.close.after");
    free_.push_back(index);
}

void Journal::route(Index index, Slot counter_slot, uint64_t rule_key) {
    JournalRecord* const record = at(index);
    if (record == nullptr) return;
    kill_point("journal.route.before");
    record->rule_key = rule_key;
    in_order();
    kill_point("journal.route.between");
    record->counter_slot = counter_slot;
    in_order();
    kill_point("journal.route.after");
}

void Journal::lease(Index index, Slot load_slot, uint32_t tries) {
    JournalRecord* const record = at(index);
    if (record == nullptr) return;
    kill_point("journal.lease.before");
    record->tries = tries;
    in_order();
    kill_point("journal.lease.between");
    record->load_slot = load_slot;
    in_order();
    kill_point("journal.lease.after");
}

void Journal::release(Index index) {
    JournalRecord* const record = at(index);
    if (record == nullptr) return;
    in_order();
    kill_point("journal.release.before");
    record->load_slot = kNoSlot;
    in_order();
    kill_point("journal.release.after");
}

// At no moment does a bucket stand beside an amount that is not its own.
void Journal::claim(Index index, uint32_t place, Slot bucket, uint32_t amount_us) {
    JournalRecord* const record = at(index);
    if (record == nullptr || place >= kJournalBuckets) return;
    kill_point("journal.claim.before");
    record->bucket_slots[place] = kNoSlot;
    in_order();
    kill_point("journal.claim.cleared");
    record->amounts_us[place] = amount_us;
    in_order();
    kill_point("journal.claim.between");
    record->bucket_slots[place] = bucket;
    in_order();
    kill_point("journal.claim.after");
}

void Journal::phase(Index index, Phase phase) {
    JournalRecord* const record = at(index);
    if (record == nullptr || phase == Phase::free) return;
    kill_point("journal.phase.before");
    record->phase.store(phase, std::memory_order_release);
    kill_point("journal.phase.after");
}

void Journal::enter(Index index) {
    kill_point("journal.enter.before");
    worker_.current.store(at(index) == nullptr ? 0 : index + 1, std::memory_order_relaxed);
    kill_point("journal.enter.after");
}

}  // namespace sluice::live
