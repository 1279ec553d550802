// Requests in flight by endpoint slot: one word per worker and slot, written by that worker alone,
// summed by readers (design 10.6). Failures stand beside them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "proxy/live/mapping.h"

namespace sluice::live {

class Loads {
public:
    // `worker` is who writes. The mapping outlives this.
    Loads(const Mapping& mapping, uint32_t worker);

    // Of the whole pod. Total: a slot out of range has no load.
    uint32_t in_flight(Slot slot) const {
        if (slot >= capacity_) return 0;
        uint64_t sum = 0;
        const Word* word = words_ + slot;
        for (uint32_t i = 0; i < workers_; ++i, word += stride_) {
            sum += word->load(std::memory_order_relaxed);
        }
        return static_cast<uint32_t>(std::min<uint64_t>(sum, UINT32_MAX));
    }
    // Failed tries of the whole pod.
    uint64_t failures(Slot slot) const;

    // By this worker. A slot out of range is the other slot.
    void begin(Slot slot) {
        Word& word = own_[clamp(slot)];
        word.store(word.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    void end(Slot slot) {  // stays at 0: a count that wraps would shun the endpoint for ever
        Word& word = own_[clamp(slot)];
        const uint32_t before = word.load(std::memory_order_relaxed);
        if (before != 0) word.store(before - 1, std::memory_order_relaxed);
    }
    void failed(Slot slot);

    uint32_t capacity() const { return capacity_; }

private:
    Slot clamp(Slot slot) const { return slot < capacity_ ? slot : kOtherSlot; }

    const Word* words_ = nullptr;  // of worker 0; the others follow by stride_
    uint64_t stride_ = 0;          // in words
    uint32_t workers_ = 0;
    uint32_t capacity_ = 0;
    std::span<Word> own_;
    std::span<Count> own_failures_;
    const Mapping& mapping_;
};

}  // namespace sluice::live
