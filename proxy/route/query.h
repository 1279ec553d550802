// Query parameters as routing reads them: name=value pairs between '&', percent-decoded, '+' left
// as it is (RFC 3986 gives it no other meaning), a broken escape standing for itself. No
// allocation.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace sluice::route {

// The raw value of the first parameter whose decoded name is `name`; "" when it has no '='.
std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name);

// Whether `raw`, percent-decoded, is `text`.
bool equals_decoded(std::string_view raw, std::string_view text);

// Decodes into `out`, which has room for raw.size() bytes; returns the decoded length.
size_t decode_percent(std::string_view raw, char* out);

}  // namespace sluice::route
