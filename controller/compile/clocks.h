// The deadlines of a rule: the design's defaults (10.14), and what an object sets instead.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "controller/compile/report.h"
#include "controller/model/model_route.h"
#include "table/spec.h"

namespace sluice::compile {

// REQUIRES: spec.ai is set. Models may think for minutes before their first word.
void set_default_clocks(table::RuleSpec& spec);

// `field` is the path of the rule. REQUIRES: the defaults are set.
tl::expected<void, Refusal> set_clocks(
    table::RuleSpec& spec, const model::Timeouts& timeouts, const std::string& field
);

}  // namespace sluice::compile
