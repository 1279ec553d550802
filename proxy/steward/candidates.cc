// Same order as proxy/route/match.cc, by the same beginnings and the same predicates; a test holds
// the two together over random tables.
#include "proxy/steward/candidates.h"

#include "proxy/route/beginnings.h"
#include "proxy/route/predicate.h"

namespace sluice::steward {
namespace {

using table::PathKind;

class Walk {
public:
    Walk(
        const table::RoutesView& routes,
        const route::Regexes& regexes,
        const http::RequestHead& head,
        Candidates& found
    )
        : routes_(routes),
          regexes_(regexes),
          head_(head),
          found_(found),
          beginnings_(routes, head.path) {}

    // True: a candidate holds.
    bool in_host(const table::Host* host, HostKind kind) {
        if (host == nullptr) return false;
        at_ = {nullptr, host, kind};
        const auto holds_here = [&](const table::Match& match) { return holds(match); };
        const table::Path* const whole = beginnings_.whole(*host);
        if (whole != nullptr && routes_.any_match(*whole, PathKind::exact, holds_here)) return true;
        if (routes_.any_match_by_regex(*host, holds_here)) return true;
        return beginnings_.any_prefix(*host, [&](const table::Path& path) {
            return routes_.any_match(path, PathKind::prefix, holds_here);
        });
    }

private:
    bool holds(const table::Match& match) {
        const PathKind kind = table::kind_of(match);
        Candidate candidate = at_;
        candidate.match = &match;
        candidate.path_kind = kind;
        for (const table::Predicate& predicate : routes_.predicates_of(match)) {
            if (route::predicate_holds(routes_, regexes_, predicate, head_)) continue;
            candidate.missed = &predicate;
            break;
        }
        candidate.path_missed = candidate.missed == nullptr && kind == PathKind::regex &&
                                !regexes_.matches(routes_.regex_of(match), head_.path);
        // The one that holds is listed whatever came before it.
        if (candidate.holds() || found_.tried.size() < kCandidatesListed) {
            found_.tried.push_back(candidate);
        } else {
            ++found_.more;
        }
        return candidate.holds();
    }

    const table::RoutesView& routes_;
    const route::Regexes& regexes_;
    const http::RequestHead& head_;
    Candidates& found_;
    Candidate at_;
    route::Beginnings beginnings_;
};

}  // namespace

Candidates candidates(
    const table::RoutesView& routes, const route::Regexes& regexes, const http::RequestHead& head
) {
    Candidates found;
    Walk walk(routes, regexes, head, found);
    if (walk.in_host(routes.find_exact(head.host), HostKind::exact)) return found;
    if (walk.in_host(routes.find_wildcard(head.host), HostKind::wildcard)) return found;
    walk.in_host(routes.any_host(), HostKind::any);
    return found;
}

}  // namespace sluice::steward
