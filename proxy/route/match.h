// Request to rule. A plain function over the table; the compiler has resolved all order. Most
// specific first: host exact, host wildcard, any host; in a host exact path, regexes in their
// order, longest element prefix; on one path the candidates in table order. A candidate whose
// predicates fail gives way to the next one, so the first that holds wins.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/route/regexes.h"
#include "table/view.h"

namespace sluice::route {

struct Matched {
    const table::Rule* rule = nullptr;  // nullptr: nothing matched
    const table::Match* match = nullptr;
    bool host_known = false;  // some host bucket exists for this request (for the 404's words)
};

Matched match(
    const table::RoutesView& routes, const Regexes& regexes, const http::RequestHead& head
);

}  // namespace sluice::route
