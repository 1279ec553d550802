// A path of a rule in the one form that requests have when they are matched: the proxy brings every
// request path into canonical form, so a rule written otherwise would never match, or match what
// its author did not mean. What has one clear canonical form is rewritten to it; the rest is
// refused.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sluice::compile {

// Error: words that follow the quoted path ("must begin with '/'"). Unreserved escapes are decoded,
// hex digits of others made upper case, blanks and bytes beyond ASCII escaped.
tl::expected<std::string, std::string> canonical_rule_path(std::string_view path);

// A canonical path as an element prefix: without the trailing slash; the root is "".
std::string as_prefix(std::string_view canonical);

// A path on which clients speak an AI API, or below one: "/v1/chat/completions",
// "/v2/models/x/infer".
bool is_ai_path(std::string_view canonical);

}  // namespace sluice::compile
