// Slots for a verified table: counter slots for each (rule, backend), load slots for each endpoint
// (design 10.5). Names stand in the mapping, so a new steward binds the same names to the same
// slots.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/live/mapping.h"
#include "proxy/live/slots.h"
#include "table/view.h"

namespace sluice::steward {

class Binder {
public:
    // The mapping outlives this; nobody else writes its slot records.
    explicit Binder(const live::Mapping& mapping);

    // The numbers of a binding (table/binding.h).
    std::vector<uint32_t> bind(
        const table::RoutesView& routes, uint64_t generation, int64_t now_ns
    );
    std::vector<uint32_t> bind(
        const table::EndpointsView& endpoints, uint64_t generation, int64_t now_ns
    );
    // Frees what rested long enough and zeroes its numbers. Every few seconds.
    void sweep(int64_t now_ns);

private:
    const live::Mapping& mapping_;
    live::SlotTable counters_;
    live::SlotTable loads_;
};

}  // namespace sluice::steward
