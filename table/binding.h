// The steward's slot numbers for one segment: what workers get beside it (design 10.5). For routes:
// a counter slot per split, then one per rule for what no backend answered; for endpoints: a load
// slot per endpoint.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tl/expected.hpp>
#include <vector>

#include "table/view.h"

namespace sluice::table {

// `digest` is that of the segment it belongs to.
std::vector<std::byte> binding_bytes(uint64_t digest, std::span<const uint32_t> slots);

// Total on any bytes: another digest or count is refused. The span lives as long as the bytes.
tl::expected<std::span<const uint32_t>, Refusal> binding_slots(
    std::span<const std::byte> bytes, uint64_t digest, size_t count
);

}  // namespace sluice::table
