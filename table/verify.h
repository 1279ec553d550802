// The part of verify() behind FlatBuffers' own check: every reference, order and value of a segment
// whose vectors are known to lie inside it. Each function makes one pass, front to back.
#pragma once

#include <optional>

#include "table/view.h"

namespace sluice::table {

// Absent: the segment may be read without checks.
std::optional<Refusal> why_refused(const RoutesView& view);
std::optional<Refusal> why_refused(const EndpointsView& view);

// The halves of a routes segment: what is found by host and path, and what rules do.
std::optional<Refusal> why_hosts_refused(const RoutesView& view);
std::optional<Refusal> why_rules_refused(const RoutesView& view);

}  // namespace sluice::table
