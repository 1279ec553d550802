// The rule path of a host that a mistyped path most likely meant. Bounded work; runs on refusals
// only.
#pragma once

#include <string_view>

#include "table/view.h"

namespace sluice::route {

// Whether `path` would meet a rule path, or go below it, if case did not count.
bool differs_in_case_only(std::string_view path, std::string_view rule_path);

// Among the rule paths that share the longest beginning with `path`: one that differs in case only,
// else the one fewest edits away (three, and at most a third of the shorter), else, if a whole
// element is shared, the shortest. "" when nothing is close. The answer is a text of
// the table.
std::string_view closest_path(
    const table::RoutesView& routes, const table::Host& host, std::string_view path
);

}  // namespace sluice::route
