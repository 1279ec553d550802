// Findings to conditions: the first refusal names the reason, and only an object of which nothing
// is left counts as not accepted.
#include "controller/compile/report.h"

#include <utility>

#include "table/limits.h"

namespace sluice::compile {

Report::Id Report::open(const model::ObjectKey& object, int64_t generation) {
    const auto [at, is_new] = ids_.try_emplace(object, verdicts_.size());
    if (is_new) {
        Verdict verdict;
        verdict.object = object;
        verdict.generation = generation;
        verdicts_.push_back(std::move(verdict));
        states_.emplace_back();
    }
    return at->second;
}

void Report::not_ours(Id object, std::string_view field, Reason reason, std::string_view message) {
    Verdict& verdict = verdicts_[object];
    verdict.ours = false;
    verdict.accepted = false;
    verdict.accepted_reason = reason;
    add(object, {Finding::Severity::warning, std::string(field), reason, std::string(message)});
}

void Report::refuse(Id object, std::string_view field, Reason reason, std::string_view message) {
    State& state = states_[object];
    if (state.refused == Reason::ok) state.refused = reason;
    add(object, {Finding::Severity::refused, std::string(field), reason, std::string(message)});
}

void Report::unresolved(
    Id object, std::string_view field, Reason reason, std::string_view message
) {
    Verdict& verdict = verdicts_[object];
    if (verdict.resolved) verdict.resolved_reason = reason;
    verdict.resolved = false;
    add(object, {Finding::Severity::refused, std::string(field), reason, std::string(message)});
}

void Report::warn(Id object, std::string_view field, Reason reason, std::string_view message) {
    add(object, {Finding::Severity::warning, std::string(field), reason, std::string(message)});
}

void Report::add_rule(Id object, RuleStatus rule) {
    verdicts_[object].rules.push_back(std::move(rule));
}

void Report::add(Id object, Finding finding) {
    std::vector<Finding>& findings = verdicts_[object].findings;
    if (findings.size() < limits::kFindingsPerObject) {
        findings.push_back(std::move(finding));
    } else {
        ++states_[object].findings_left_out;
    }
}

void Report::conclude(Verdict& verdict, const State& state) {
    if (state.findings_left_out > 0) {
        verdict.findings.push_back(
            {Finding::Severity::warning,
             "",
             Reason::too_many_objects,
             std::to_string(state.findings_left_out) + " more findings are not listed"}
        );
    }
    if (!verdict.ours || state.served || state.refused == Reason::ok) return;
    verdict.accepted = false;
    verdict.accepted_reason = state.refused;
}

std::vector<Verdict> Report::take() {
    std::vector<Verdict> ordered;
    ordered.reserve(verdicts_.size());
    for (const auto& [object, id] : ids_) {
        conclude(verdicts_[id], states_[id]);
        ordered.push_back(std::move(verdicts_[id]));
    }
    ids_.clear();
    verdicts_.clear();
    states_.clear();
    return ordered;
}

}  // namespace sluice::compile
