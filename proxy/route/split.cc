// The split of a draw when every arm may be used.
#include "proxy/route/split.h"

namespace sluice::route {

const table::Split& choose(
    const table::RoutesView& routes, const table::Rule& rule, uint32_t draw
) {
    if (rule.split_count == 1) return routes.splits()[rule.splits];
    return *choose_among(routes, rule, draw, [](const table::Split&) { return true; });
}

}  // namespace sluice::route
