// What an unquoted YAML scalar means: the core schema of YAML 1.2, and a mark on those that kubectl
// (YAML 1.1) would take for another type.
#pragma once

#include <string>

#include "controller/model/value.h"

namespace sluice::files {

// null, boolean, integer, number or string; the place is the caller's to set.
model::Value plain_scalar(const std::string& text);

}  // namespace sluice::files
