// One condition of a candidate (method, header, query parameter) against a head. Total, no
// allocation.
#pragma once

#include "proxy/http/message.h"
#include "proxy/route/regexes.h"
#include "table/view.h"

namespace sluice::route {

// A header holds when any field line of that name does; a query parameter by its first occurrence.
bool predicate_holds(
    const table::RoutesView& routes,
    const Regexes& regexes,
    const table::Predicate& predicate,
    const http::RequestHead& head
);

}  // namespace sluice::route
