// The part of verify() behind FlatBuffers' own check: every reference, order and value of a segment
// whose vectors are known to lie inside it.
#pragma once

#include <optional>

#include "table/view.h"

namespace sluice::table {

// Absent: the segment may be read without checks.
std::optional<Refusal> why_refused(const RoutesView& view);
std::optional<Refusal> why_refused(const EndpointsView& view);

}  // namespace sluice::table
