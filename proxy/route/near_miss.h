// The words of a 404: what was known and what came closest. Only names that a client may guess
// anyway (hosts it sent, path prefixes of that host), never header rules or backends. Runs on
// refusals only.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/http/message.h"
#include "table/view.h"

namespace sluice::route {

// Writes one sentence into `out` (plain text, no control bytes, at most `capacity`); returns its
// length.
size_t near_miss(
    const table::RoutesView& routes, const http::RequestHead& head, char* out, size_t capacity
);

}  // namespace sluice::route
