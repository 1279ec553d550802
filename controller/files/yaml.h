// YAML text to documents with the place of every node. Strict: a key that stands twice, an alias
// bomb, a deep or large document is a problem with its line and column. yaml-cpp and its exceptions
// stay in yaml.cc.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "controller/model/meta.h"

namespace sluice::files {

// The documents in their order; empty ones (null) are left out.
tl::expected<std::vector<model::Value>, model::Problem> parse_yaml(
    std::string_view text, const std::string& file
);

}  // namespace sluice::files
