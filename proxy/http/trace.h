// The trace that a request belongs to (W3C Trace Context, traceparent version 00 and later).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice::http {

// The trace id of a traceparent value; all zero when the value is not a lawful one.
std::array<uint8_t, 16> trace_id(std::string_view traceparent);

}  // namespace sluice::http
