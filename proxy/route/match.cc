// Request to rule: the walk over hosts, the beginnings of the path in each host's index, then
// candidates in the order that the compiler resolved. Nothing here allocates, locks or fails.
#include "proxy/route/match.h"

#include "proxy/route/beginnings.h"
#include "proxy/route/predicate.h"

namespace sluice::route {
namespace {

class Search {
public:
    Search(const table::RoutesView& routes, const Regexes& regexes, const http::RequestHead& head)
        : routes_(routes), regexes_(regexes), head_(head), beginnings_(routes, head.path) {}

    // The first candidate of the host whose path and predicates hold; nullptr when there is none.
    const table::Match* in_host(const table::Host& host) const {
        const table::Match* result = nullptr;
        const auto take = [&](const table::Match& match) {
            if (!holds(match)) return false;
            result = &match;
            return true;
        };
        const table::Path* const whole = beginnings_.whole(host);
        if (whole != nullptr && whole->has_exact != 0 &&
            routes_.any_match(*whole, table::PathKind::exact, take)) {
            return result;
        }
        // Predicates first: they are cheaper than a regex over the path.
        const auto take_by_regex = [&](const table::Match& match) {
            if (!holds(match)) return false;
            if (!regexes_.matches(routes_.regex_of(match), head_.path)) return false;
            result = &match;
            return true;
        };
        if (routes_.any_match_by_regex(host, take_by_regex)) return result;
        beginnings_.any_prefix(host, [&](const table::Path& path) {
            return routes_.any_match(path, table::PathKind::prefix, take);
        });
        return result;
    }

private:
    bool holds(const table::Match& match) const {
        for (const table::Predicate& predicate : routes_.predicates_of(match)) {
            if (!predicate_holds(routes_, regexes_, predicate, head_)) return false;
        }
        return true;
    }

    const table::RoutesView& routes_;
    const Regexes& regexes_;
    const http::RequestHead& head_;
    Beginnings beginnings_;
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
