// Host names of rules, in the form that requests are looked up by.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sluice::compile {

std::string lower_case(std::string_view text);

// "" for any host, an exact name, or "*." and a name; lower case. Error: words that follow the
// quoted host.
tl::expected<std::string, std::string> canonical_host(std::string_view host);

}  // namespace sluice::compile
