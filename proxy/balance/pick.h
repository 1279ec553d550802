// Which endpoint of a backend. Policy is arithmetic: loads, a draw and what was tried go in, an
// index comes out.
#pragma once

#include <cstdint>
#include <span>

#include "proxy/live/loads.h"
#include "table/layout.h"

namespace sluice::balance {

// Endpoints tried by this request (slots), newest last; they are passed over while another is left.
struct Tried {
    static constexpr size_t kMost = 3;
    live::Slot slots[kMost];
    uint8_t count = 0;
    bool contains(live::Slot slot) const;
    void add(live::Slot slot);
};

struct RoundRobinState {
    uint32_t next = 0;  // per backend and worker; starts anywhere
};

inline constexpr uint32_t kNoPick = 0xffffffffu;

// Index into `slots` (the backend's endpoints in table order), or kNoPick when it is empty.
// least_requests: the less loaded of two distinct draws (power of two choices); equal loads: the
// first draw. round_robin: in turn. When all were tried, they may be tried again (one endpoint
// only: a retry goes to it).
uint32_t pick(
    table::BalancePolicy policy,
    std::span<const live::Slot> slots,
    const live::Loads& loads,
    const Tried& tried,
    RoundRobinState& turn,
    uint64_t draw
);

}  // namespace sluice::balance
