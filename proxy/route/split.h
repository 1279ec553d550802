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

// An arm, and how many turns of all before this one were its own (its own turns, counted from 0,
// follow each other without a gap).
struct Drawn {
    const table::Split* split = nullptr;
    uint64_t own_turn = 0;
};

// Among the splits for which `usable(split)`, in proportion to their weights; no split when none
// is. Arms are asked from the heaviest down: of all turns, an arm takes those at which turn * share
// passes a whole number, and the others count the turns that it left. (Heaviest first, or the
// errors of many light arms add up on it.)
template <class Usable>
Drawn draw_among(
    const table::RoutesView& routes, const table::Rule& rule, uint64_t turn, Usable usable
) {
    const auto splits = routes.splits_of(rule);
    uint64_t total = 0;
    for (const table::Split& split : splits) total += usable(split) ? split.weight : 0;
    const table::Split* asked = nullptr;
    while (total != 0) {
        const table::Split* next = nullptr;
        for (const table::Split& split : splits) {
            const bool later = asked == nullptr || split.weight < asked->weight ||
                               (split.weight == asked->weight && &split > asked);
            if (!later || (next != nullptr && split.weight <= next->weight)) continue;
            if (usable(split)) next = &split;
        }
        if (next == nullptr) return {};
        const uint64_t product = turn * next->weight;
        if (product % total + next->weight >= total) return {next, product / total};
        turn -= product / total;
        total -= next->weight;
        asked = next;
    }
    return {};
}

template <class Usable>
const table::Split* choose_among(
    const table::RoutesView& routes, const table::Rule& rule, uint32_t draw, Usable usable
) {
    return draw_among(routes, rule, draw, usable).split;
}

// Among all splits. REQUIRES: rule.split_count > 0.
const table::Split& choose(const table::RoutesView& routes, const table::Rule& rule, uint32_t draw);

// The decision of workers, and of whoever explains it; nullptr: no arm can be used. A share whose
// backend has no ready endpoint (`has_endpoints(backend)` says no) goes to the others in
// proportion; a reference that does not exist keeps its share, to be answered with an error
// (design 10.14). Only a draw of an arm that cannot be used asks about the others. It goes by that
// arm's own turns: of the turns of all, those that fall on one arm may favour some of the others.
template <class HasEndpoints>
const table::Split* choose_usable(
    const table::RoutesView& routes,
    const table::Rule& rule,
    uint32_t draw,
    HasEndpoints has_endpoints
) {
    const auto usable = [&](const table::Split& split) {
        return split.backend == table::kNone || has_endpoints(routes.backends()[split.backend]);
    };
    const auto any = [](const table::Split&) { return true; };
    Drawn drawn{&routes.splits()[rule.splits], draw};
    if (rule.split_count > 1) drawn = draw_among(routes, rule, draw, any);
    if (usable(*drawn.split)) return drawn.split;
    return draw_among(routes, rule, drawn.own_turn, usable).split;
}

}  // namespace sluice::route
