// The worker's open exchanges, written so that whoever buries the worker can undo what they hold
// (design 10.6). Each step writes the record before its effect and clears it after.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proxy/live/mapping.h"

namespace sluice::live {

class Journal {
public:
    // Of a worker that has just started: all records are free, whatever was in them.
    Journal(const Mapping& mapping, uint32_t worker);

    using Index = uint32_t;
    static constexpr Index kNone = 0xffffffffu;

    // kNone: full; the caller goes on unrecorded or refuses.
    Index open(int64_t now_ns);
    void close(Index index);  // once for each open()
    // Every call below: kNone does nothing.
    void route(Index index, Slot counter_slot, uint64_t rule_key);
    void lease(Index index, Slot load_slot, uint32_t tries);  // before Loads::begin
    void release(Index index);                                // after Loads::end
    // Before the amount is taken. Who dies between the two has it given back as well: one claim in
    // the caller's favour for each death, never one against it.
    void claim(Index index, uint32_t place, Slot bucket, uint32_t amount_us);
    void phase(Index index, Phase phase);
    // Which exchange the worker is about to run code for; kNone: none. Evidence if it dies.
    void enter(Index index);

    size_t open_count() const { return records_.size() - free_.size(); }

private:
    JournalRecord* at(Index index) { return index < records_.size() ? &records_[index] : nullptr; }
    std::span<JournalRecord> records_;
    WorkerRecord& worker_;
    std::vector<Index> free_;
};

// What burying a worker did.
struct Buried {
    uint32_t lost = 0;      // exchanges that were open
    uint32_t returned = 0;  // bucket amounts given back
};
// The supervisor, after the worker was reaped and before its index starts anew: zeroes its words,
// gives journalled amounts back, counts each lost exchange as ended for `reason`, appends it to the
// lost ring and frees its record. WorkerRecord's `deaths` and `lost` are the caller's to count.
// Total on any bytes in the worker's regions; idempotent.
Buried bury(
    const Mapping& mapping, uint32_t worker, int64_t now_ns, uint32_t signal, uint16_t reason
);

// The steward: the lost exchange that `ahead` older ones stand before. False: there is none. What
// was read stays until release_lost() says that so many, the oldest, are in the log.
bool next_lost(const Mapping& mapping, uint64_t ahead, LostRecord& lost);
void release_lost(const Mapping& mapping, uint64_t count);

}  // namespace sluice::live
