// What the compiler can say about a regular expression without RE2, which only the proxy links.
#pragma once

#include <string>
#include <string_view>

namespace sluice::compile {

// Words that follow the quoted pattern; "" when it may stand in a table.
std::string why_pattern_refused(std::string_view pattern);

}  // namespace sluice::compile
