// One match of a ModelRoute rule: path kind, canonical path and predicates, cheapest first.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "controller/compile/report.h"
#include "controller/model/model_route.h"
#include "table/spec.h"

namespace sluice::compile {

struct Match {
    table::PathKind path_kind = table::PathKind::prefix;
    std::string path;
    std::vector<table::PredicateSpec> predicates;
};

// `field` is the path of the match. A match without a path holds for all paths.
tl::expected<Match, Refusal> compile_match(
    const model::RouteMatch& match, const std::string& field
);

}  // namespace sluice::compile
