// A compiled table and its verdicts as stable text, one small thing a line, so that a change reads
// as a diff.
#pragma once

#include <span>
#include <string>

#include "controller/compile/verdict.h"
#include "table/spec.h"

namespace sluice::golden {

// JSON. Keys (hashes of what is printed anyway) are left out.
std::string table_text(const table::RoutesSpec& routes, const table::EndpointsSpec& endpoints);

// YAML.
std::string status_text(std::span<const compile::Verdict> verdicts);

}  // namespace sluice::golden
