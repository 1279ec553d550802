// Relaxed loads over the workers' regions; nothing here writes.
#include "proxy/steward/tallies.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "proxy/live/slots.h"

namespace sluice::steward {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// How many records from the front were ever used; what lies behind must not even be touched.
size_t used_records(std::span<const live::SlotRecord> records, size_t reserved) {
    size_t used = std::min(reserved, records.size());
    while (used < records.size() && records[used].used != 0) ++used;
    return used;
}

bool is_owned(const live::SlotRecord& record) {
    const live::SlotState state = record.state.load(std::memory_order_acquire);
    return state == live::SlotState::bound || state == live::SlotState::retired;
}

// The steward's main thread may give the record to another owner while we copy.
SlotLabels copy_texts(const live::SlotRecord& record) {
    const live::Identity before = record.identity;
    const live::SlotTexts texts = live::texts_of(record);
    SlotLabels labels{std::string(texts.first), std::string(texts.second)};
    std::atomic_thread_fence(std::memory_order_acquire);
    if (!is_owned(record) || record.identity != before) return {};
    return labels;
}

// Each exchange that began is counted as in flight or as ended, so these two tell an idle slot.
bool is_counted(const live::Mapping& mapping, live::Slot slot) {
    for (uint32_t worker = 0; worker < mapping.sizes().workers; ++worker) {
        if (mapping.counter_loads(worker)[slot].load(kRelaxed) != 0) return true;
        const live::Counter& counter = mapping.counters(worker)[slot];
        for (const live::Count& outcome : counter.outcomes) {
            if (outcome.load(kRelaxed) != 0) return true;
        }
    }
    return false;
}

}  // namespace

std::vector<live::Slot> counted_slots(const live::Mapping& mapping) {
    const auto records = mapping.counter_slots();
    const size_t used = used_records(records, live::kUnroutedSlot + 1);
    std::vector<live::Slot> slots;
    for (live::Slot slot = 0; slot < used; ++slot) {
        if (slot > live::kUnroutedSlot && !is_owned(records[slot])) continue;
        if (is_counted(mapping, slot)) slots.push_back(slot);
    }
    return slots;
}

std::vector<live::Slot> endpoint_slots(const live::Mapping& mapping) {
    const auto records = mapping.load_slots();
    const size_t used = used_records(records, live::kOtherSlot + 1);
    std::vector<live::Slot> slots;
    const live::Slot other = live::kOtherSlot;
    if (endpoint_in_flight(mapping, other) != 0 || endpoint_failures(mapping, other) != 0) {
        slots.push_back(other);
    }
    for (live::Slot slot = live::kOtherSlot + 1; slot < used; ++slot) {
        if (is_owned(records[slot])) slots.push_back(slot);
    }
    return slots;
}

// Those that serve have the first say.
std::vector<live::Slot> one_of_each_name(
    const live::Mapping& mapping, const std::vector<live::Slot>& endpoints
) {
    const auto records = mapping.load_slots();
    const auto serves = [&records](live::Slot slot) {
        return slot == live::kOtherSlot ||
               records[slot].state.load(std::memory_order_acquire) == live::SlotState::bound;
    };
    std::unordered_set<std::string> shown;
    std::vector<live::Slot> result;
    for (const bool serving : {true, false}) {
        for (const live::Slot slot : endpoints) {
            if (serves(slot) != serving) continue;
            const SlotLabels labels = endpoint_labels(mapping, slot);
            const bool is_new = shown.insert(labels.first + '\n' + labels.second).second;
            if (is_new) result.push_back(slot);
        }
    }
    return result;
}

SlotLabels counter_labels(const live::Mapping& mapping, live::Slot slot) {
    if (slot == live::kOtherSlot) return {"other", "other"};
    if (slot == live::kUnroutedSlot) return {"none", "none"};
    SlotLabels labels = copy_texts(mapping.counter_slots()[slot]);
    if (!labels.first.empty() && labels.second.empty()) labels.second = "none";
    return labels;
}

SlotLabels endpoint_labels(const live::Mapping& mapping, live::Slot slot) {
    if (slot == live::kOtherSlot) return {"other", "other"};
    return copy_texts(mapping.load_slots()[slot]);
}

uint64_t sum_of(const live::Mapping& mapping, live::Slot slot, live::Count live::Counter::* what) {
    uint64_t sum = 0;
    for (uint32_t worker = 0; worker < mapping.sizes().workers; ++worker) {
        sum += (mapping.counters(worker)[slot].*what).load(kRelaxed);
    }
    return sum;
}

live::HistogramSum sum_of(
    const live::Mapping& mapping,
    live::Slot slot,
    live::Count live::Counter::* sum_ns,
    live::Count live::Buckets::* bucket
) {
    live::HistogramSum sum;
    for (uint32_t worker = 0; worker < mapping.sizes().workers; ++worker) {
        const live::Counter& one = mapping.counters(worker)[slot];
        for (size_t i = 0; i < sum.buckets.size(); ++i) {
            sum.buckets[i] += (one.buckets[i].*bucket).load(kRelaxed);
        }
        sum.sum_ns += (one.*sum_ns).load(kRelaxed);
    }
    return sum;
}

uint32_t requests_in_flight(const live::Mapping& mapping, live::Slot slot) {
    uint32_t sum = 0;
    for (uint32_t worker = 0; worker < mapping.sizes().workers; ++worker) {
        sum += mapping.counter_loads(worker)[slot].load(kRelaxed);
    }
    return sum;
}

uint32_t endpoint_in_flight(const live::Mapping& mapping, live::Slot slot) {
    uint32_t sum = 0;
    for (uint32_t worker = 0; worker < mapping.sizes().workers; ++worker) {
        sum += mapping.loads(worker)[slot].load(kRelaxed);
    }
    return sum;
}

uint64_t endpoint_failures(const live::Mapping& mapping, live::Slot slot) {
    uint64_t sum = 0;
    for (uint32_t worker = 0; worker < mapping.sizes().workers; ++worker) {
        sum += mapping.failures(worker)[slot].load(kRelaxed);
    }
    return sum;
}

SlotUse slot_use(std::span<const live::SlotRecord> records) {
    SlotUse use;
    const size_t used = used_records(records, live::kUnroutedSlot + 1);
    for (const live::SlotRecord& record : records.first(used)) {
        const live::SlotState state = record.state.load(kRelaxed);
        use.bound += state == live::SlotState::bound;
        use.retired += state == live::SlotState::retired;
    }
    return use;
}

}  // namespace sluice::steward
