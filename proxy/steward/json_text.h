// Bytes that anybody may have sent, as the inside of a JSON string on one physical line.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::steward {

// A byte becomes at most this many, and this many more are scribbled on behind the end.
inline constexpr size_t kEscapedBytes = 6;
inline constexpr size_t kEscapeSlackBytes = 8;

// Writes `text` without quotes around it; returns the end. Escaped are quote, backslash, control
// characters (C0, DEL, C1) and the line separators of Unicode; each byte that is no part of valid
// UTF-8 becomes \ufffd; everything else stays as it is.
// REQUIRES: room for kEscapedBytes * text.size() + kEscapeSlackBytes.
char* escape(char* out, std::string_view text);

}  // namespace sluice::steward
