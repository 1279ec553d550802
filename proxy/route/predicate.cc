// Method, header and query predicates. The query is read only here, so requests that meet no query
// predicate never pay for parsing it.
#include "proxy/route/predicate.h"

#include <array>
#include <optional>

#include "proxy/http/fields.h"
#include "proxy/route/query.h"
#include "table/limits.h"

namespace sluice::route {
namespace {

template <class Holds>
bool any_field(const http::RequestHead& head, std::string_view name, Holds holds) {
    for (const http::Field& field : head.fields.all()) {
        if (field.dropped || field.name.size() != name.size()) continue;
        if (http::equal_ignoring_case(field.name, name) && holds(field.value)) return true;
    }
    return false;
}

bool query_matches(
    const Regexes& regexes, uint32_t regex, std::string_view query, std::string_view name
) {
    const std::optional<std::string_view> raw = find_parameter(query, name);
    if (!raw) return false;
    if (raw->find('%') == std::string_view::npos) return regexes.matches(regex, *raw);
    std::array<char, limits::kTargetBytes> decoded;
    if (raw->size() > decoded.size()) return false;  // the gate admits no longer target
    return regexes.matches(regex, {decoded.data(), decode_percent(*raw, decoded.data())});
}

}  // namespace

bool predicate_holds(
    const table::RoutesView& routes,
    const Regexes& regexes,
    const table::Predicate& predicate,
    const http::RequestHead& head
) {
    const std::string_view name = routes.text(predicate.name);
    const std::string_view value = routes.text(predicate.value);
    switch (predicate.kind) {
        case table::PredicateKind::method:
            return head.method == value;
        case table::PredicateKind::header_exact:
            return any_field(head, name, [&](std::string_view text) { return text == value; });
        case table::PredicateKind::header_regex:
            return any_field(head, name, [&](std::string_view text) {
                return regexes.matches(predicate.regex, text);
            });
        case table::PredicateKind::query_exact: {
            const std::optional<std::string_view> raw = find_parameter(head.query, name);
            return raw && equals_decoded(*raw, value);
        }
        case table::PredicateKind::query_regex:
            return query_matches(regexes, predicate.regex, head.query, name);
    }
    return false;
}

}  // namespace sluice::route
