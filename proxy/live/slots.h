// Who owns which slot: 128-bit identities to small numbers (design 10.5). The steward alone writes
// it; everything stands in the mapping, so the next steward goes on where one died.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proxy/live/mapping.h"

namespace sluice::live {

inline constexpr int64_t kRetiredNs = 600'000'000'000;  // a slot rests before it is another's

struct SlotName {
    Identity identity;
    std::string_view first;   // rule; or endpoint's name
    std::string_view second;  // backend; or endpoint's address
};

class SlotTable {
public:
    // `records` from the mapping, with what an earlier table wrote, which is read here and never
    // again; the first `reserved` slots, and the other slot, are never given to an identity.
    SlotTable(std::span<SlotRecord> records, uint32_t reserved);

    // The slots of a new table's names, same order; kOtherSlot when all are taken. Names that
    // `generation` does not have any more are retired.
    std::vector<Slot> bind(std::span<const SlotName> names, uint64_t generation, int64_t now_ns);

    // Frees retired slots that rested long enough, that every worker's generation has passed, and
    // for which `in_flight(slot)` is 0. `freed(slot)` is called so that its numbers can be zeroed.
    template <typename InFlight, typename Freed>
    void sweep(uint64_t oldest_generation, int64_t now_ns, InFlight&& in_flight, Freed&& freed) {
        for (const Slot slot : resting(oldest_generation, now_ns)) {
            if (in_flight(slot) != 0) continue;
            freed(slot);
            free(slot);
        }
    }

    uint32_t bound() const { return bound_; }
    uint32_t overflowed() const { return overflowed_; }  // names of the last bind() without a slot

private:
    struct Hash {
        size_t operator()(const Identity& identity) const { return identity.low; }
    };
    // What the record says, where no other process can change it.
    struct Owner {
        SlotState state = SlotState::free;
        Identity identity;
        uint64_t retired_generation = 0;
        int64_t retired_ns = 0;
    };
    void recover(Slot slot);
    std::vector<Slot> resting(uint64_t oldest_generation, int64_t now_ns) const;
    Slot find_or_take(const SlotName& name);
    const Slot* remembered(const Identity& identity, size_t& at) const;
    Slot unused();
    void set(Slot slot, SlotState state);
    void retire_unnamed(const std::vector<bool>& named, uint64_t generation, int64_t now_ns);
    void free(Slot slot);

    std::span<SlotRecord> records_;
    std::unordered_map<Identity, Slot, Hash> slots_;
    std::vector<Owner> owners_;  // of the records ever used, and the reserved ones in front
    std::vector<Slot> free_;
    struct Named {
        Identity identity;
        Slot slot;
    };
    std::vector<Named> last_;  // what the last bind() named and gave, in its order
    Slot reserved_;
    uint32_t bound_ = 0;
    uint32_t overflowed_ = 0;
};

// The texts of a slot, for readers in other threads: empty unless bound or retired. A name that is
// too long for its record is cut and ends with a hash of the whole, so that two never look alike.
struct SlotTexts {
    std::string_view first;
    std::string_view second;
};
SlotTexts texts_of(const SlotRecord& record);

}  // namespace sluice::live
