// Request to rule: the walk over hosts, one radix descent per host, then candidates in the order
// that the compiler resolved. Nothing here allocates, locks or fails.
#include "proxy/route/match.h"

#include "proxy/route/descent.h"
#include "proxy/route/predicate.h"

namespace sluice::route {
namespace {

class Search {
public:
    Search(const table::RoutesView& routes, const Regexes& regexes, const http::RequestHead& head)
        : routes_(routes), regexes_(regexes), head_(head) {}

    // The first candidate of the host whose path and predicates hold; nullptr when there is none.
    const table::Match* in_host(const table::Host& host) const {
        const Descent found(routes_, host, head_.path);
        if (found.exact != nullptr) {
            if (const auto* match = first_holding(found.exact->exact)) return match;
        }
        if (host.regexes.count != 0) {
            if (const auto* match = first_regex(host.regexes)) return match;
        }
        const table::Match* result = nullptr;
        found.any_prefix([&](table::Range range) {
            result = first_holding(range);
            return result != nullptr;
        });
        return result;
    }

private:
    bool holds(const table::Match& match) const {
        if (match.predicate_count == 0) return true;
        const auto all = routes_.predicates().subspan(match.predicates, match.predicate_count);
        for (const table::Predicate& predicate : all) {
            if (!predicate_holds(routes_, regexes_, predicate, head_)) return false;
        }
        return true;
    }

    const table::Match* first_holding(table::Range range) const {
        for (const table::Match& match : routes_.matches().subspan(range.first, range.count)) {
            if (holds(match)) return &match;
        }
        return nullptr;
    }

    // Predicates first: they are cheaper than a regex over the path.
    const table::Match* first_regex(table::Range range) const {
        for (const table::Match& match : routes_.matches().subspan(range.first, range.count)) {
            if (holds(match) && regexes_.matches(match.regex, head_.path)) return &match;
        }
        return nullptr;
    }

    const table::RoutesView& routes_;
    const Regexes& regexes_;
    const http::RequestHead& head_;
};

}  // namespace

Matched match(
    const table::RoutesView& routes, const Regexes& regexes, const http::RequestHead& head
) {
    const Search search(routes, regexes, head);
    Matched result;
    const auto try_host = [&](const table::Host* host) {
        if (host == nullptr) return false;
        result.host_known = true;
        result.match = search.in_host(*host);
        if (result.match == nullptr) return false;
        result.rule = &routes.rules()[result.match->rule];
        return true;
    };
    if (try_host(routes.find_exact(head.host))) return result;
    if (try_host(routes.find_wildcard(head.host))) return result;
    try_host(routes.any_host());
    return result;
}

}  // namespace sluice::route
