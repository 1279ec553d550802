// Slots and their life: free -> bound -> retired -> free, each step one store of `state`.
#include "proxy/live/slots.h"

#include <algorithm>

#include "proxy/live/slot_text.h"

namespace sluice::live {

SlotTable::SlotTable(std::span<SlotRecord> records, uint32_t reserved)
    : records_(records),
      states_(std::min<size_t>(reserved, records.size()), SlotState::free),
      reserved_(static_cast<Slot>(states_.size())) {
    while (states_.size() < records_.size() && records_[states_.size()].used != 0) {
        recover(static_cast<Slot>(states_.size()));
    }
}

// What was half written when a steward died is free: `state` is stored last.
void SlotTable::recover(Slot slot) {
    const SlotRecord& record = records_[slot];
    SlotState state = record.state.load(std::memory_order_acquire);
    const bool owned = state == SlotState::bound || state == SlotState::retired;
    if (!owned || !slots_.try_emplace(record.identity, slot).second) state = SlotState::free;
    states_.push_back(SlotState::free);
    set(slot, state);
    if (state == SlotState::free) free_.push_back(slot);
}

std::vector<Slot> SlotTable::bind(
    std::span<const SlotName> names, uint64_t generation, int64_t now_ns
) {
    overflowed_ = 0;
    std::vector<Slot> result;
    result.reserve(names.size());
    for (const SlotName& name : names) {
        const Slot slot = find_or_take(name);
        if (slot == kOtherSlot) ++overflowed_;
        result.push_back(slot);
    }
    std::vector<bool> named(states_.size());
    for (const Slot slot : result) named[slot] = true;
    retire_unnamed(named, generation, now_ns);
    return result;
}

Slot SlotTable::find_or_take(const SlotName& name) {
    const auto known = slots_.find(name.identity);
    if (known != slots_.end()) {
        set(known->second, SlotState::bound);
        return known->second;
    }
    const Slot slot = unused();
    if (slot == kOtherSlot) return slot;
    SlotRecord& record = records_[slot];
    record.identity = name.identity;
    record.retired_generation = 0;
    record.retired_ns = 0;
    write_texts(record, name.first, name.second);
    record.used = 1;
    slots_.emplace(name.identity, slot);
    set(slot, SlotState::bound);
    return slot;
}

// kOtherSlot: all are taken.
Slot SlotTable::unused() {
    if (!free_.empty()) {
        const Slot slot = free_.back();
        free_.pop_back();
        return slot;
    }
    if (states_.size() >= records_.size()) return kOtherSlot;
    states_.push_back(SlotState::free);
    return static_cast<Slot>(states_.size() - 1);
}

void SlotTable::retire_unnamed(
    const std::vector<bool>& named, uint64_t generation, int64_t now_ns
) {
    for (Slot slot = reserved_; slot < states_.size(); ++slot) {
        if (states_[slot] != SlotState::bound || named[slot]) continue;
        records_[slot].retired_generation = generation;
        records_[slot].retired_ns = static_cast<uint64_t>(now_ns);
        set(slot, SlotState::retired);
    }
}

std::vector<Slot> SlotTable::resting(uint64_t oldest_generation, int64_t now_ns) const {
    std::vector<Slot> result;
    for (Slot slot = reserved_; slot < states_.size(); ++slot) {
        if (states_[slot] != SlotState::retired) continue;
        const SlotRecord& record = records_[slot];
        if (record.retired_generation > oldest_generation) continue;
        const auto since = static_cast<int64_t>(record.retired_ns);
        if (now_ns >= since && now_ns - since >= kRetiredNs) result.push_back(slot);
    }
    return result;
}

void SlotTable::free(Slot slot) {
    slots_.erase(records_[slot].identity);
    set(slot, SlotState::free);
    free_.push_back(slot);
}

// The record's state, ours, and how many are bound, in step.
void SlotTable::set(Slot slot, SlotState state) {
    if (states_[slot] == SlotState::bound) --bound_;
    if (state == SlotState::bound) ++bound_;
    states_[slot] = state;
    records_[slot].state.store(state, std::memory_order_release);
}

}  // namespace sluice::live
