// Regular expressions without RE2, which only the proxy links: a pattern that RE2 would refuse must
// not get into a table, because the proxy would refuse the whole table. What is accepted here, RE2
// accepts; a few things that RE2 would take are not (Unicode classes, octal escapes, very large
// programs).
#pragma once

#include <string>
#include <string_view>

namespace sluice::compile {

// Words that follow the quoted pattern; "" when it may stand in a table.
std::string why_pattern_refused(std::string_view pattern);

}  // namespace sluice::compile
