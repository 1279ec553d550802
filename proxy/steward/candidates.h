// The walk of route::match told step by step: which routes were tried, in which order, and what
// each one lost by.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/http/message.h"
#include "proxy/route/regexes.h"
#include "table/layout.h"
#include "table/view.h"

namespace sluice::steward {

enum class HostKind { exact, wildcard, any };

struct Candidate {
    const table::Match* match = nullptr;
    const table::Host* host = nullptr;
    HostKind host_kind = HostKind::any;
    table::PathKind path_kind = table::PathKind::prefix;
    // The first condition that did not hold; nullptr: all did (then a regex may have failed).
    const table::Predicate* missed = nullptr;
    bool path_missed = false;  // a regex that the path does not match
    bool holds() const { return missed == nullptr && !path_missed; }
};

struct Candidates {
    std::vector<Candidate> tried;  // in order; the last one holds, or none did
    size_t more = 0;               // tried and lost, not listed
};

inline constexpr size_t kCandidatesListed = 100;

Candidates candidates(
    const table::RoutesView& routes, const route::Regexes& regexes, const http::RequestHead& head
);

}  // namespace sluice::steward
