// The timer wheel: intrusive lists by slot and a bitmap that finds the next occupied one.
#include "proxy/net/wheel.h"

#include <algorithm>
#include <bit>

namespace sluice::net {

void Wheel::link(Deadline& entry, int64_t tick) {
    const size_t slot = static_cast<size_t>(tick) % kSlots;
    entry.slot_tick_ = tick;
    entry.link_ = &slots_[slot];
    entry.next_ = slots_[slot];
    if (entry.next_ != nullptr) entry.next_->link_ = &entry.next_;
    slots_[slot] = &entry;
    occupied_[slot / kWordBits] |= uint64_t{1} << (slot % kWordBits);
}

void Wheel::unlink(Deadline& entry) {
    *entry.link_ = entry.next_;
    if (entry.next_ != nullptr) entry.next_->link_ = entry.link_;
    entry.link_ = nullptr;
    entry.next_ = nullptr;
}

void Wheel::set(Deadline& entry, int64_t at) {
    entry.waiter_->forget_deadline();
    if (at == kNever) {
        entry.due_tick_ = kNever;
        return;
    }
    entry.due_tick_ = std::max(at / kTickNs + 1, tick_ + 1);
    if (entry.link_ != nullptr && entry.slot_tick_ <= entry.due_tick_) return;
    if (entry.link_ != nullptr) unlink(entry);
    link(entry, entry.due_tick_);
}

void Wheel::forget(Deadline& entry) {
    entry.due_tick_ = kNever;
    if (entry.link_ != nullptr) unlink(entry);
}

void Wheel::fire_slot(int64_t tick) {
    const size_t slot = static_cast<size_t>(tick) % kSlots;
    if (slots_[slot] == nullptr) {
        occupied_[slot / kWordBits] &= ~(uint64_t{1} << (slot % kWordBits));
        return;
    }
    // Waiters may link into this slot while it is fired, so its entries are taken out first.
    due_ = slots_[slot];
    due_->link_ = &due_;
    slots_[slot] = nullptr;
    occupied_[slot / kWordBits] &= ~(uint64_t{1} << (slot % kWordBits));
    while (due_ != nullptr) {
        Deadline& entry = *due_;
        unlink(entry);
        if (entry.due_tick_ == kNever) continue;
        if (entry.due_tick_ > tick) {
            link(entry, std::min(entry.due_tick_, tick + static_cast<int64_t>(kSlots)));
            continue;
        }
        entry.due_tick_ = kNever;
        entry.waiter_->raised(kDeadline);
    }
}

void Wheel::advance(int64_t now) {
    const int64_t target = now / kTickNs;
    // After a long pause one turn visits every slot; further turns would find nothing new.
    const int64_t first = std::max(tick_ + 1, target - static_cast<int64_t>(kSlots) + 1);
    for (int64_t tick = first; tick <= target; ++tick) {
        tick_ = tick;
        const size_t slot = static_cast<size_t>(tick) % kSlots;
        const uint64_t word = occupied_[slot / kWordBits];
        if ((word >> (slot % kWordBits) & 1) != 0) fire_slot(tick);
    }
    tick_ = std::max(tick_, target);
}

int64_t Wheel::next() const {
    const size_t start = static_cast<size_t>(tick_ + 1) % kSlots;
    for (size_t passed = 0; passed < kSlots;) {
        const size_t slot = (start + passed) % kSlots;
        const uint64_t word = occupied_[slot / kWordBits] >> (slot % kWordBits);
        if (word != 0) {
            const size_t skip = static_cast<size_t>(std::countr_zero(word));
            return (tick_ + 1 + static_cast<int64_t>(passed + skip)) * kTickNs;
        }
        passed += kWordBits - slot % kWordBits;
    }
    return kNever;
}

}  // namespace sluice::net
