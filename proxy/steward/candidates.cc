// Same order as proxy/route/match.cc, by the same descent and the same predicates; a test holds the
// two together over random tables.
#include "proxy/steward/candidates.h"

#include "proxy/route/descent.h"
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
        : routes_(routes), regexes_(regexes), head_(head), found_(found) {}

    // True: a candidate holds.
    bool in_host(const table::Host* host, HostKind kind) {
        if (host == nullptr) return false;
        at_ = {nullptr, host, kind};
        const route::Descent descent(routes_, *host, head_.path);
        if (descent.exact != nullptr && in_range(descent.exact->exact, PathKind::exact)) {
            return true;
        }
        if (in_range(host->regexes, PathKind::regex)) return true;
        return descent.any_prefix([&](table::Range range) {
            return in_range(range, PathKind::prefix);
        });
    }

private:
    bool in_range(table::Range range, PathKind kind) {
        for (const table::Match& match : routes_.matches().subspan(range.first, range.count)) {
            if (holds(match, kind)) return true;
        }
        return false;
    }

    bool holds(const table::Match& match, PathKind kind) {
        Candidate candidate = at_;
        candidate.match = &match;
        candidate.path_kind = kind;
        const auto all = routes_.predicates().subspan(match.predicates, match.predicate_count);
        for (const table::Predicate& predicate : all) {
            if (route::predicate_holds(routes_, regexes_, predicate, head_)) continue;
            candidate.missed = &predicate;
            break;
        }
        candidate.path_missed = candidate.missed == nullptr && kind == PathKind::regex &&
                                !regexes_.matches(match.regex, head_.path);
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
