// Whether bytes are text that a manifest may be made of: UTF-8 without control bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "controller/model/meta.h"

namespace sluice::files {

// The first byte that is no text, with its place; nothing when all is well. It stands before the
// parsers: yaml-cpp takes the byte 0x04 for the end of the file, and guesses UTF-16 from NUL bytes.
std::optional<model::Problem> find_bad_byte(std::string_view text, const std::string& file);

}  // namespace sluice::files
