// Requests in flight by endpoint slot: one word per worker and slot, written by that worker alone,
// summed by readers (design 10.6). Failures stand beside them.
#pragma once

#include <cstdint>
#include <span>

#include "proxy/live/mapping.h"

namespace sluice::live {

class PodLoads {
public:
    // `worker` is who writes. The mapping outlives this.
    PodLoads(const Mapping& mapping, uint32_t worker);

    // Of the whole pod. Total: a slot out of range has no load.
    uint32_t in_flight(Slot slot) const;
    // Failed tries of the whole pod.
    uint64_t failures(Slot slot) const;

    // By this worker. A slot out of range is the other slot.
    void begin(Slot slot);
    void end(Slot slot);  // stays at 0: a count that wraps would shun the endpoint for ever
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
