// Header modifiers over a field list.
#include "proxy/filter/rewrite.h"

namespace sluice::filter {

namespace {

Reason apply(
    table::EditKind kind, std::string_view name, std::string_view value, http::FieldList& fields
) {
    if (kind != table::EditKind::add) fields.drop(name);
    if (kind == table::EditKind::remove) return Reason::ok;
    return fields.add(name, value) ? Reason::ok : Reason::too_many_fields;
}

}  // namespace

Reason edit(const table::RoutesView& routes, table::Range edits, http::FieldList& fields) {
    for (const table::Edit& edit : routes.edits().subspan(edits.first, edits.count)) {
        const Reason reason =
            apply(edit.kind, routes.text(edit.name), routes.text(edit.value), fields);
        if (reason != Reason::ok) return reason;
    }
    return Reason::ok;
}

Edits copy(const table::RoutesView& routes, table::Range edits) {
    Edits copies;
    copies.reserve(edits.count);
    for (const table::Edit& edit : routes.edits().subspan(edits.first, edits.count)) {
        copies.push_back(
            {edit.kind, std::string(routes.text(edit.name)), std::string(routes.text(edit.value))}
        );
    }
    return copies;
}

Reason edit(const Edits& edits, http::FieldList& fields) {
    for (const OwnedEdit& edit : edits) {
        const Reason reason = apply(edit.kind, edit.name, edit.value, fields);
        if (reason != Reason::ok) return reason;
    }
    return Reason::ok;
}

}  // namespace sluice::filter
