// Endpoint sets one by one while the table has room, then what they mean for the verdicts.
#include "controller/compile/reach.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "controller/compile/endpoints.h"
#include "controller/compile/report.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

// A backend without endpoints gives its share to the others (design 10.14).
void show(BackendStatus& status, const ReadyBackends& ready) {
    if (!status.backend) return;
    const Readiness& now = ready.at(*status.backend);
    status.ready_endpoints = now.ready;
    status.effective_weight = now.serves ? status.weight : 0;
}

}  // namespace

Reach reach(
    const std::vector<BackendPtr>& backends,
    const model::Objects<model::EndpointSlice>& slices,
    const Options& options
) {
    Reach out;
    Report report;
    Endpoints endpoints(slices, options, report);
    size_t room = limits::kEndpoints;
    out.endpoints.sets.reserve(backends.size());
    out.ready.reserve(backends.size());
    for (const BackendPtr& backend : backends) {
        Endpoints::Set set = endpoints.of(*backend, room);
        room -= set.endpoints.size();
        out.ready[backend->key] = {set.ready, !set.endpoints.empty()};
        out.endpoints.sets.push_back({backend->key, std::move(set.endpoints)});
    }
    for (Verdict& verdict : report.take()) {
        out.slices.push_back(std::make_shared<const Verdict>(std::move(verdict)));
    }
    return out;
}

std::shared_ptr<const Reach> Reacher::run(
    const std::vector<BackendPtr>& backends, const model::Objects<model::EndpointSlice>& slices
) {
    if (last_ && backends == backends_ && slices == slices_) return last_;
    last_ = std::make_shared<const Reach>(reach(backends, slices, options_));
    backends_ = backends;
    slices_ = slices;
    return last_;
}

Verdict with_endpoints(const Verdict& verdict, const ReadyBackends& ready) {
    Verdict shown = verdict;
    for (RuleStatus& rule : shown.rules) {
        for (BackendStatus& status : rule.backends) show(status, ready);
    }
    return shown;
}

Verdicts merged(const Verdicts& routed, const Verdicts& slices) {
    Verdicts all;
    all.reserve(routed.size() + slices.size());
    const auto first = [](const auto& a, const auto& b) { return a->object < b->object; };
    std::merge(
        routed.begin(), routed.end(), slices.begin(), slices.end(), std::back_inserter(all), first
    );
    return all;
}

}  // namespace sluice::compile
