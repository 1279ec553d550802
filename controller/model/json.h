// JSON text to a Value with the place of every node: manifests in *.json files, later the API
// server's answers. Strict: duplicate keys, deep and large documents are refused.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "controller/model/meta.h"

namespace sluice::model {

tl::expected<Value, Problem> parse_json(std::string_view text, const std::string& file);

}  // namespace sluice::model
