// What texts of a table may hold. Builder and verifier ask the same questions, so that what one
// writes the other takes, and nothing that could break a message's framing gets past either.
#pragma once

#include <string_view>

namespace sluice::table {

// No byte below 0x20 but the tab, and no 0x7f. Holds for the whole pool, hence for every text.
bool is_printable(std::string_view text);

// The bytes of a canonical path: visible ASCII without '?', '#' and '\'.
bool is_path_text(std::string_view text);
// A whole path: such bytes from '/' on, at most limits::kPathBytes.
bool is_path(std::string_view text);
// A path to write in a matched path's place; "" stands for no path at all.
bool is_new_path(std::string_view text);

// Of a rule: "", a lower-case host, or "*." and one.
bool is_host_name(std::string_view text);
// To write into a Host field or a Location; "" keeps the request's.
bool is_authority(std::string_view text);
// "" keeps the request's.
bool is_scheme(std::string_view text);

// RFC 9110 tokens, bounded by limits.h; field names in lower case.
bool is_method(std::string_view text);
bool is_field_name(std::string_view text);
bool is_field_value(std::string_view text);

bool is_redirect_status(unsigned status);

}  // namespace sluice::table
