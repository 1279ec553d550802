// A rule's share for one request: an additive recurrence per worker and rule (error <= 4 requests
// at any length), so weights hold exactly without random clumps.
#pragma once

#include <cstdint>

#include "table/view.h"

namespace sluice::route {

// One rule's place in its recurrence. Starts anywhere; each draw advances by the golden ratio of
// 2^32.
struct SplitState {
    uint32_t position = 0;
    uint32_t draw() { return position += 0x9e3779b9u; }
};

// The split that `draw` falls into. REQUIRES: rule.splits.count > 0.
const table::Split& choose(const table::RoutesView& routes, const table::Rule& rule, uint32_t draw);

// Again among the splits for which `usable(split)`; their shares grow in proportion. nullptr when
// none is.
template <class Usable>
const table::Split* choose_among(
    const table::RoutesView& routes, const table::Rule& rule, uint32_t draw, Usable usable
) {
    const auto splits = routes.splits().subspan(rule.splits.first, rule.splits.count);
    uint64_t total = 0;
    for (const auto& split : splits) total += usable(split) ? split.weight : 0;
    if (total == 0) return nullptr;
    uint64_t at = (static_cast<uint64_t>(draw) * total) >> 32;
    for (const auto& split : splits) {
        if (!usable(split)) continue;
        if (at < split.weight) return &split;
        at -= split.weight;
    }
    return nullptr;
}

}  // namespace sluice::route
