// HTTP/1 without I/O: bytes in, heads out. parse_* is the strict gate (RFC 9112; the twelve lines
// of the design's reliability page) and the parser in one walk over the head: each byte is checked
// where it is read, wide where values and targets are long. No allocation. Body bytes are body.h's
// part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/message.h"
#include "table/reason.h"

namespace sluice::http {

enum class Parse : uint8_t { complete, need_more, refused };

struct Parsed {
    Parse state;
    Reason reason = Reason::ok;  // of a refusal
};

// `bytes` starts at a head. `scanned` is a resume hint kept by the caller between calls for the
// same head: 0 at first; on need_more it says how far the search for the blank line got, so slow
// clients cost no rescans. Views in `head` point into `bytes` and `scratch` (which the call
// resets).
Parsed parse_request(std::string_view bytes, size_t& scanned, Scratch& scratch, RequestHead& head);

// `to_head`: the request was HEAD, so the response has no body whatever its fields say.
Parsed parse_response(std::string_view bytes, size_t& scanned, bool to_head, ResponseHead& head);

}  // namespace sluice::http
