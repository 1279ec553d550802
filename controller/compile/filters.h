// Filters of a ModelRoute rule: rewrite, redirect and header edits, checked against one another.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "controller/compile/report.h"
#include "controller/model/model_route.h"
#include "table/spec.h"

namespace sluice::compile {

// `field` is the path of the rule. Edits keep the order of the filters; inside one filter: set,
// add, remove.
tl::expected<void, Refusal> set_filters(
    table::RuleSpec& spec, const std::vector<model::RouteFilter>& filters, const std::string& field
);

// Whether the rule replaces the matched prefix, which only a path prefix has.
bool needs_prefix(const table::RuleSpec& spec);

}  // namespace sluice::compile
