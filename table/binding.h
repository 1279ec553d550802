// The steward's slot numbers for one segment: what workers get beside it (design 10.5).
//   endpoints: a load slot per endpoint.
//   routes:    per rule the place of its own run, then the runs: a counter slot for what no backend
//              answered, then one per split of the rule. (Rules may share splits, so a split alone
//              does not say whose statistics they are.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tl/expected.hpp>
#include <vector>

#include "table/view.h"

namespace sluice::table {

// Numbers in the binding of these routes: places and runs.
size_t rule_slot_count(const RoutesView& routes);

// `digest` is that of the segment it belongs to.
std::vector<std::byte> binding_bytes(uint64_t digest, std::span<const uint32_t> slots);

// Total on any bytes: another digest or count is refused. The span lives as long as the bytes.
tl::expected<std::span<const uint32_t>, Refusal> binding_slots(
    std::span<const std::byte> bytes, uint64_t digest, size_t count
);
// As above, and every rule's run is inside.
tl::expected<std::span<const uint32_t>, Refusal> rule_slots(
    std::span<const std::byte> bytes, uint64_t digest, const RoutesView& routes
);

}  // namespace sluice::table
