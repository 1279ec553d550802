// A reference matcher over the plain spec: slow, obvious and written without proxy/route, so that
// compiler and proxy cannot share one misunderstanding.
#pragma once

#include <string>

#include "table/spec.h"
#include "tests/golden/case.h"

namespace sluice::golden {

// The name of the rule that takes the request; "" when none does.
std::string rule_for(const table::RoutesSpec& routes, const Ask& ask);

}  // namespace sluice::golden
