// Header modifiers over a field list.
#include "proxy/filter/rewrite.h"

namespace sluice::filter {

Reason edit(const table::RoutesView& routes, table::Range edits, http::FieldList& fields) {
    for (const table::Edit& edit : routes.edits().subspan(edits.first, edits.count)) {
        const std::string_view name = routes.text(edit.name);
        if (edit.kind != table::EditKind::add) fields.drop(name);
        if (edit.kind == table::EditKind::remove) continue;
        if (!fields.add(name, routes.text(edit.value))) return Reason::too_many_fields;
    }
    return Reason::ok;
}

}  // namespace sluice::filter
