// Endpoint sets one by one while the table has room, then what they mean for the verdicts.
#include "controller/compile/reach.h"

#include <algorithm>
#include <utility>

#include "controller/compile/endpoints.h"
#include "controller/compile/report.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

// A backend without endpoints gives its share to the others (design 10.14).
void show(BackendStatus& status, const Reach& reach) {
    if (!status.backend) return;
    const bool serves = !reach.endpoints.sets[*status.backend].endpoints.empty();
    status.ready_endpoints = reach.ready[*status.backend];
    status.effective_weight = serves ? status.weight : 0;
}

struct ByKind {
    bool operator()(const Verdict& verdict, model::Kind kind) const {
        return verdict.object.kind < kind;
    }
    bool operator()(model::Kind kind, const Verdict& verdict) const {
        return kind < verdict.object.kind;
    }
};

}  // namespace

Reach reach(
    const std::vector<Backend>& backends,
    const model::Objects<model::EndpointSlice>& slices,
    const Options& options
) {
    Reach out;
    Report report;
    Endpoints endpoints(slices, options, report);
    size_t room = limits::kEndpoints;
    for (const Backend& backend : backends) {
        Endpoints::Set set = endpoints.of(backend, room);
        room -= set.endpoints.size();
        out.ready.push_back(set.ready);
        out.endpoints.sets.push_back({backend.key, std::move(set.endpoints)});
    }
    out.slices = report.take();
    return out;
}

std::vector<Verdict> with_endpoints(std::vector<Verdict> verdicts, const Reach& reach) {
    for (Verdict& verdict : verdicts) {
        for (RuleStatus& rule : verdict.rules) {
            for (BackendStatus& status : rule.backends) show(status, reach);
        }
    }
    const auto [first, last] =
        std::equal_range(verdicts.begin(), verdicts.end(), model::Kind::endpoint_slice, ByKind{});
    const auto at = verdicts.erase(first, last);
    verdicts.insert(at, reach.slices.begin(), reach.slices.end());
    return verdicts;
}

std::span<const Verdict> slices_among(std::span<const Verdict> verdicts) {
    const auto [first, last] =
        std::equal_range(verdicts.begin(), verdicts.end(), model::Kind::endpoint_slice, ByKind{});
    return {first, last};
}

}  // namespace sluice::compile
