// The descriptors of one whole table, and which of them go together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "table/channel.h"

namespace sluice::handover {

struct TableSet {
    uint64_t generation = 0;
    table::Digests digests{};
    std::array<table::Descriptor, table::kSegments> descriptors;
};

// The segment that numbers another one's contents; kSegments: none does.
size_t slots_of(size_t segment);

// The segments of `set` whose bytes the receiver does not have. Slots belong to the bytes that they
// number: neither comes without the other.
uint8_t unknown_to(const table::Digests& known, const TableSet& set);

// Sends those of the segments that the set has. False: the receiver did not get it.
bool publish(int channel, const TableSet& set, uint8_t segments);

// Moves what came along to its place in the set.
void take_descriptors(TableSet& set, table::Received& received);

}  // namespace sluice::handover
