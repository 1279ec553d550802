// The run-time half of URL rewrite, redirect and header modifiers: plain functions over a head.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/message.h"
#include "table/reason.h"
#include "table/view.h"

namespace sluice::filter {

// The target and authority that go upstream. Views into the head, the table or `scratch`.
struct Target {
    std::string_view target;  // origin form: path [? query]
    std::string_view authority;
    Reason reason = Reason::ok;  // head_too_large: does not fit
};
Target rewrite(
    const table::RoutesView& routes,
    const table::Rule& rule,
    const table::Match& match,
    const http::RequestHead& head,
    http::Scratch& scratch
);

// Location of a redirect rule's answer, absolute. REQUIRES: its conduct has one.
struct Location {
    std::string_view location;
    uint16_t status = 302;
    Reason reason = Reason::ok;
};
Location redirect(
    const table::RoutesView& routes,
    const table::Rule& rule,
    const table::Match& match,
    const http::RequestHead& head,
    std::string_view scheme,
    http::Scratch& scratch
);

// Applies set, add and remove in table order. Names and values stay in the table, so the head must
// be written while the generation is pinned.
Reason edit(const table::RoutesView& routes, table::Range edits, http::FieldList& fields);

// Edits that outlive their generation; the head must be written while this lives.
struct OwnedEdit {
    table::EditKind kind;
    std::string name;
    std::string value;
};
using Edits = std::vector<OwnedEdit>;
Edits copy(const table::RoutesView& routes, table::Range edits);
Reason edit(const Edits& edits, http::FieldList& fields);

}  // namespace sluice::filter
