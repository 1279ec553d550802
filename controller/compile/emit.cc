// Shares become splits, rules get their status.
#include "controller/compile/emit.h"

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace sluice::compile {
namespace {

std::vector<bool> admitted_rules(const Applicant& applicant) {
    std::vector<bool> admitted(applicant.draft.rules.size(), false);
    for (size_t i = 0; i < applicant.outcomes.size(); ++i) {
        if (applicant.outcomes[i].kind != Outcome::Kind::seated) continue;
        admitted[applicant.draft.candidates[i].rule] = true;
    }
    return admitted;
}

// Default backends were decided last.
void report_refusals(const Applicant& applicant, ObjectReport& report) {
    for (const bool fallback : {false, true}) {
        for (size_t i = 0; i < applicant.outcomes.size(); ++i) {
            const Candidate& candidate = applicant.draft.candidates[i];
            const Outcome& outcome = applicant.outcomes[i];
            if (outcome.kind != Outcome::Kind::refused || candidate.fallback != fallback) continue;
            report.refuse(candidate.field, outcome.reason, outcome.message);
        }
    }
}

// A rule without any reference, or with weights of 0 only.
table::SplitSpec nobody(const DraftRule& rule) {
    const Reason reason = rule.shares.empty() ? Reason::backend_not_found : Reason::no_weight;
    return {.weight = 1, .refuse = reason};
}

class Emitter {
public:
    Emitter(const Places& places, ObjectReport& report) : places_(places), report_(report) {}

    void add(const DraftRule& rule) {
        report_unplaced(rule);
        table::RuleSpec spec = rule.spec;
        RuleStatus status{.name = rule.name, .backends = {}};
        for (const DraftShare& share : rule.shares) {
            const Backend* const backend = placed(share);
            const table::SplitSpec split = split_of(share.weight, backend);
            if (share.weight > 0) spec.splits.push_back(split);
            status.backends.push_back(status_of(share, backend));
        }
        if (spec.splits.empty() && !spec.redirect) spec.splits.push_back(nobody(rule));
        report_.add_rule(std::move(status));
        part_.rules.push_back(std::move(spec));
    }

    table::RulesPart take() { return std::move(part_); }

private:
    // Null: the reference leads nowhere.
    const Backend* placed(const DraftShare& share) const {
        const Backend* const backend = share.backend.get();
        return places_.why_unplaced(backend) == nullptr ? backend : nullptr;
    }

    void report_unplaced(const DraftRule& rule) {
        if (!places_.any_unplaced()) return;
        for (const DraftShare& share : rule.shares) {
            const Unplaced* const why = places_.why_unplaced(share.backend.get());
            if (why == nullptr) continue;
            report_.unresolved(rule.field, why->reason, share.name + " " + why->message);
        }
    }

    // The backend has a place in the table even when its weight is 0.
    table::SplitSpec split_of(uint32_t weight, const Backend* backend) {
        if (backend == nullptr) return {weight, Reason::backend_not_found};
        const auto next = static_cast<uint32_t>(part_.backends.size());
        const auto [at, is_new] = indexes_.try_emplace(backend->key, next);
        if (is_new) part_.backends.push_back({backend->key, backend->name});
        return {weight, Reason::ok, at->second};
    }

    // A reference that leads nowhere keeps its share; what a backend's is depends on its endpoints.
    static BackendStatus status_of(const DraftShare& share, const Backend* backend) {
        BackendStatus status;
        status.name = share.name;
        status.weight = share.weight;
        if (backend != nullptr) status.backend = backend->key;
        if (backend == nullptr) status.effective_weight = share.weight;
        return status;
    }

    const Places& places_;
    ObjectReport& report_;
    table::RulesPart part_;
    std::unordered_map<table::Key64, uint32_t> indexes_;  // into part_.backends
};

}  // namespace

std::vector<BackendPtr> backends_in_use(const Applicant& applicant) {
    const std::vector<bool> admitted = admitted_rules(applicant);
    std::vector<BackendPtr> used;
    std::unordered_set<const Backend*> known;
    for (size_t i = 0; i < admitted.size(); ++i) {
        if (!admitted[i]) continue;
        for (const DraftShare& share : applicant.draft.rules[i].shares) {
            if (share.backend && known.insert(share.backend.get()).second) {
                used.push_back(share.backend);
            }
        }
    }
    return used;
}

Emitted emit(const Applicant& applicant, const Places& places) {
    Emitted out;
    ObjectReport report = applicant.draft.report;
    report_refusals(applicant, report);
    Emitter emitter(places, report);
    const std::vector<bool> admitted = admitted_rules(applicant);
    out.places.assign(admitted.size(), table::kNone);
    uint32_t count = 0;
    for (size_t i = 0; i < admitted.size(); ++i) {
        if (!admitted[i]) continue;
        emitter.add(applicant.draft.rules[i]);
        out.places[i] = count++;
    }
    if (count > 0) {
        report.served();
        out.part = std::make_shared<const table::RulesPart>(emitter.take());
    }
    out.verdict = std::make_shared<const Verdict>(report.take());
    return out;
}

}  // namespace sluice::compile
