// Slots and their life: free -> bound -> retired -> free, each step one store of `state`.
#include "proxy/live/slots.h"

#include <algorithm>

#include "proxy/live/slot_text.h"

namespace sluice::live {

SlotTable::SlotTable(std::span<SlotRecord> records, uint32_t reserved)
    : records_(records),
      owners_(std::min<size_t>(std::max(reserved, kOtherSlot + 1), records.size())),
      reserved_(static_cast<Slot>(owners_.size())) {
    while (owners_.size() < records_.size() && records_[owners_.size()].used != 0) {
        recover(static_cast<Slot>(owners_.size()));
    }
}

// What was half written when a steward died is free: `state` is stored last.
void SlotTable::recover(Slot slot) {
    const SlotRecord& record = records_[slot];
    SlotState state = record.state.load(std::memory_order_acquire);
    Owner owner{
        .identity = record.identity,
        .retired_generation = record.retired_generation,
        .retired_ns = static_cast<int64_t>(record.retired_ns),
    };
    const bool owned = state == SlotState::bound || state == SlotState::retired;
    if (!owned || !slots_.try_emplace(owner.identity, slot).second) state = SlotState::free;
    owners_.push_back(owner);
    set(slot, state);
    if (state == SlotState::free) free_.push_back(slot);
}

std::vector<Slot> SlotTable::bind(
    std::span<const SlotName> names, uint64_t generation, int64_t now_ns
) {
    overflowed_ = 0;
    std::vector<Slot> result;
    std::vector<Named> now;
    result.reserve(names.size());
    now.reserve(names.size());
    size_t at = 0;
    for (const SlotName& name : names) {
        const Slot* const known = remembered(name.identity, at);
        const Slot slot = known != nullptr ? *known : find_or_take(name);
        if (slot == kOtherSlot) ++overflowed_;
        result.push_back(slot);
        now.push_back({name.identity, slot});
    }
    last_ = std::move(now);
    std::vector<bool> named(std::max<size_t>(owners_.size(), kOtherSlot + 1));
    for (const Slot slot : result) named[slot] = true;
    retire_unnamed(named, generation, now_ns);
    return result;
}

// A table mostly names what the last one did, in the same order: looking there first, from `at` on,
// spares a look-up of 100,000 names by hash (20 ms). Null: not found there, or it may do better.
const Slot* SlotTable::remembered(const Identity& identity, size_t& at) const {
    constexpr size_t kAhead = 16;
    const bool has_room = !free_.empty() || owners_.size() < records_.size();
    const size_t end = std::min(at + kAhead, last_.size());
    for (size_t i = at; i < end; ++i) {
        if (!(last_[i].identity == identity)) continue;
        at = i + 1;
        return last_[i].slot == kOtherSlot && has_room ? nullptr : &last_[i].slot;
    }
    return nullptr;
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
    owners_[slot].identity = name.identity;
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
    if (owners_.size() >= records_.size()) return kOtherSlot;
    owners_.emplace_back();
    return static_cast<Slot>(owners_.size() - 1);
}

void SlotTable::retire_unnamed(
    const std::vector<bool>& named, uint64_t generation, int64_t now_ns
) {
    for (Slot slot = reserved_; slot < owners_.size(); ++slot) {
        Owner& owner = owners_[slot];
        if (owner.state != SlotState::bound || named[slot]) continue;
        owner.retired_generation = records_[slot].retired_generation = generation;
        owner.retired_ns = now_ns;
        records_[slot].retired_ns = static_cast<uint64_t>(now_ns);
        set(slot, SlotState::retired);
    }
}

std::vector<Slot> SlotTable::resting(uint64_t oldest_generation, int64_t now_ns) const {
    std::vector<Slot> result;
    for (Slot slot = reserved_; slot < owners_.size(); ++slot) {
        const Owner& owner = owners_[slot];
        if (owner.state != SlotState::retired) continue;
        if (owner.retired_generation > oldest_generation) continue;
        if (owner.retired_ns <= now_ns - kRetiredNs) result.push_back(slot);
    }
    return result;
}

void SlotTable::free(Slot slot) {
    slots_.erase(owners_[slot].identity);
    set(slot, SlotState::free);
    free_.push_back(slot);
}

// The record's state, ours, and how many are bound, in step.
void SlotTable::set(Slot slot, SlotState state) {
    SlotState& own = owners_[slot].state;
    if (own == SlotState::bound) --bound_;
    if (state == SlotState::bound) ++bound_;
    own = state;
    records_[slot].state.store(state, std::memory_order_release);
}

}  // namespace sluice::live
