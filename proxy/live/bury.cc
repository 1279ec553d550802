// Undoing what a dead worker held, and the ring through which its lost exchanges reach the log.
#include <algorithm>

#include "proxy/live/counters.h"
#include "proxy/live/journal.h"

namespace sluice::live {
namespace {

constexpr int64_t kNsPerUs = 1000;

// Other workers claim from the same bucket meanwhile.
void give_back(Bucket& bucket, uint32_t amount_us) {
    const int64_t amount_ns = int64_t{amount_us} * kNsPerUs;
    int64_t full = bucket.full_ns.load(std::memory_order_relaxed);
    while (full > 0) {
        const int64_t less = std::max<int64_t>(full - amount_ns, 0);
        if (bucket.full_ns.compare_exchange_weak(full, less, std::memory_order_relaxed)) return;
    }
}

// How many amounts went back.
uint32_t give_back(const Mapping& mapping, JournalRecord& record) {
    const auto buckets = mapping.buckets();
    uint32_t returned = 0;
    for (size_t place = 0; place < kJournalBuckets; ++place) {
        const Slot slot = record.bucket_slots[place];
        if (slot >= buckets.size()) continue;
        give_back(buckets[slot], record.amounts_us[place]);
        ++returned;
    }
    return returned;
}

void append_lost(const Mapping& mapping, const LostRecord& lost) {
    LostRing& ring = mapping.lost_ring();
    const auto records = mapping.lost();
    const uint64_t head = ring.head.load(std::memory_order_relaxed);
    const uint64_t waiting = head - ring.tail.load(std::memory_order_acquire);
    if (waiting >= records.size()) {
        ring.dropped.store(
            ring.dropped.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed
        );
        return;
    }
    records[head % records.size()] = lost;
    ring.head.store(head + 1, std::memory_order_release);
}

LostRecord lost_of(const JournalRecord& record, Phase phase) {
    LostRecord lost{};
    lost.start_ns = record.start_ns;
    lost.rule_key = record.rule_key;
    lost.counter_slot = record.counter_slot;
    lost.load_slot = record.load_slot;
    lost.phase = static_cast<uint8_t>(std::min(phase, Phase::answering));
    return lost;
}

void clear_gauges(WorkerRecord& worker) {
    for (Word* const gauge :
         {&worker.current, &worker.mapped, &worker.connections, &worker.upstreams}) {
        gauge->store(0, std::memory_order_relaxed);
    }
    worker.generation.store(0, std::memory_order_relaxed);
}

}  // namespace

Buried bury(
    const Mapping& mapping, uint32_t worker, int64_t now_ns, uint32_t signal, uint16_t reason
) {
    Buried buried;
    WorkerRecord& self = mapping.worker(worker);
    const uint32_t current = self.current.load(std::memory_order_relaxed);
    mapping.clear(RegionKind::loads, worker);
    mapping.clear(RegionKind::counter_loads, worker);
    Counters counters(mapping, worker);
    const auto records = mapping.journal(worker);
    for (size_t i = 0; i < records.size(); ++i) {
        const Phase phase = records[i].phase.load(std::memory_order_acquire);
        if (phase == Phase::free) continue;
        buried.returned += give_back(mapping, records[i]);
        LostRecord lost = lost_of(records[i], phase);
        lost.start_ns = std::clamp<int64_t>(lost.start_ns, 0, std::max<int64_t>(now_ns, 0));
        lost.died_ns = now_ns;
        lost.worker = static_cast<uint16_t>(worker);
        lost.suspect = i + 1 == current ? 1 : 0;
        lost.signal = signal;
        append_lost(mapping, lost);
        counters.end(lost.counter_slot, {.reason = reason, .duration_ns = now_ns - lost.start_ns});
        ++buried.lost;
    }
    mapping.clear(RegionKind::journal, worker);
    clear_gauges(self);
    return buried;
}

bool next_lost(const Mapping& mapping, uint64_t ahead, LostRecord& lost) {
    LostRing& ring = mapping.lost_ring();
    const auto records = mapping.lost();
    const uint64_t head = ring.head.load(std::memory_order_acquire);
    const uint64_t tail = ring.tail.load(std::memory_order_relaxed);
    if (head - tail > records.size()) {  // nonsense: begin anew
        ring.tail.store(head, std::memory_order_release);
        return false;
    }
    if (ahead >= head - tail) return false;
    lost = records[(tail + ahead) % records.size()];
    return true;
}

void release_lost(const Mapping& mapping, uint64_t count) {
    LostRing& ring = mapping.lost_ring();
    const uint64_t tail = ring.tail.load(std::memory_order_relaxed);
    const uint64_t waiting = ring.head.load(std::memory_order_acquire) - tail;
    ring.tail.store(tail + std::min(count, waiting), std::memory_order_release);
}

}  // namespace sluice::live
