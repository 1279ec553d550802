// A rule's share for one request: an additive recurrence per worker and rule, whose step is each
// arm's own share, so weights hold over every window of requests and at any length (error below 4
// requests, mostly below 2.5; a golden-ratio step measured up to 5.1 within 10^6 draws and grows
// with the logarithm of the length).
#pragma once

#include <cstdint>

#include "table/view.h"

namespace sluice::route {

// One rule's place in its recurrence. Starts anywhere. The turns of each block of four are
// shuffled, so that a client that alternates two kinds of request does not send one kind to one arm
// only.
struct SplitState {
    uint32_t position = 0;
    uint32_t draw() {
        const uint32_t turn = position++;
        return turn ^ (((turn >> 2) * 0x9e3779b9u) >> 30);
    }
};

// Among the splits for which `usable(split)`, in proportion to their weights; nullptr when none is.
// Arms are asked from the heaviest down: of all turns, an arm takes those at which turn * share
// passes a whole number, and the others count the turns that it left. (Heaviest first, or the
// errors of many light arms add up on it.)
template <class Usable>
const table::Split* choose_among(
    const table::RoutesView& routes, const table::Rule& rule, uint32_t draw, Usable usable
) {
    const auto splits = routes.splits().subspan(rule.splits.first, rule.splits.count);
    uint64_t total = 0;
    for (const table::Split& split : splits) total += usable(split) ? split.weight : 0;
    uint64_t turn = draw;
    const table::Split* asked = nullptr;
    while (total != 0) {
        const table::Split* next = nullptr;
        for (const table::Split& split : splits) {
            const bool later = asked == nullptr || split.weight < asked->weight ||
                               (split.weight == asked->weight && &split > asked);
            if (!later || (next != nullptr && split.weight <= next->weight)) continue;
            if (usable(split)) next = &split;
        }
        if (next == nullptr) return nullptr;
        const uint64_t product = turn * next->weight;
        if (product % total + next->weight >= total) return next;
        turn -= product / total;
        total -= next->weight;
        asked = next;
    }
    return nullptr;
}

// Among all splits. REQUIRES: rule.splits.count > 0.
const table::Split& choose(const table::RoutesView& routes, const table::Rule& rule, uint32_t draw);

}  // namespace sluice::route
