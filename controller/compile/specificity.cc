// The order of the Gateway API: method, number of headers, number of query parameters.
#include "controller/compile/specificity.h"

#include <compare>
#include <cstddef>

namespace sluice::compile {
namespace {

struct Counts {
    size_t methods = 0;
    size_t headers = 0;
    size_t query_params = 0;
    auto operator<=>(const Counts&) const = default;
};

Counts count(const Candidate& candidate) {
    Counts counts;
    for (const table::PredicateSpec& predicate : candidate.predicates) {
        switch (predicate.kind) {
            case table::PredicateKind::method:
                ++counts.methods;
                break;
            case table::PredicateKind::header_exact:
            case table::PredicateKind::header_regex:
                ++counts.headers;
                break;
            case table::PredicateKind::query_exact:
            case table::PredicateKind::query_regex:
                ++counts.query_params;
                break;
        }
    }
    return counts;
}

}  // namespace

bool goes_before(const Candidate& a, const Candidate& b) {
    if (a.path_kind != b.path_kind) return a.path_kind < b.path_kind;
    if (a.path_kind == table::PathKind::regex) {
        if (a.path.size() != b.path.size()) return a.path.size() > b.path.size();
    } else if (a.path != b.path) {
        return a.path < b.path;
    }
    // A default backend was admitted last and has no conditions: it stays behind everything else.
    return count(a) > count(b);
}

}  // namespace sluice::compile
