// The split that a draw falls into.
#include "proxy/route/split.h"

namespace sluice::route {

const table::Split& choose(
    const table::RoutesView& routes, const table::Rule& rule, uint32_t draw
) {
    const auto splits = routes.splits().subspan(rule.splits.first, rule.splits.count);
    for (const table::Split& split : splits) {
        if (draw <= split.last) return split;
    }
    return splits.back();  // verified: its last is 2^32 - 1, so this is not reached
}

}  // namespace sluice::route
