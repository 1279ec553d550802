// What workers counted, read for a page: which slots have anything to show, and sums over workers
// of one kind of number at a time (a page goes over all slots once per family).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proxy/live/counters.h"
#include "proxy/live/mapping.h"

namespace sluice::steward {

struct SlotLabels {
    std::string first;   // rule; or endpoint's name
    std::string second;  // backend; or endpoint's address
};

// Counter slots that were ever counted in and whose owner is known.
std::vector<live::Slot> counted_slots(const live::Mapping& mapping);
// Load slots of endpoints that a table names or lately named.
std::vector<live::Slot> endpoint_slots(const live::Mapping& mapping);
// A pod that comes back under its name and address has a slot of its own while its forerunner's
// rests, but no series of its own: the slot that serves is kept.
std::vector<live::Slot> one_of_each_name(
    const live::Mapping& mapping, const std::vector<live::Slot>& endpoints
);

// A copy; the other and unrouted slots have names of their own. Both empty: it has been freed.
SlotLabels counter_labels(const live::Mapping& mapping, live::Slot slot);
SlotLabels endpoint_labels(const live::Mapping& mapping, live::Slot slot);

uint64_t sum_of(const live::Mapping& mapping, live::Slot slot, live::Count live::Counter::* what);
live::HistogramSum sum_of(
    const live::Mapping& mapping,
    live::Slot slot,
    live::Count live::Counter::* sum_ns,
    live::Count live::Buckets::* bucket
);
uint32_t requests_in_flight(const live::Mapping& mapping, live::Slot slot);

uint32_t endpoint_in_flight(const live::Mapping& mapping, live::Slot slot);
uint64_t endpoint_failures(const live::Mapping& mapping, live::Slot slot);

struct SlotUse {
    uint64_t bound = 0;
    uint64_t retired = 0;
};
SlotUse slot_use(std::span<const live::SlotRecord> records);

}  // namespace sluice::steward
