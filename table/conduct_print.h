// What of a rule is its conduct, as bytes to compare.
#pragma once

#include <string>

#include "table/spec.h"

namespace sluice::table {

// Overwrites `print`: equal when two rules do the same to a request, whatever their backends.
void print_conduct(const RuleSpec& rule, std::string& print);

}  // namespace sluice::table
