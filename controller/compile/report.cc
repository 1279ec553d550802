// Findings to conditions: the first refusal names the reason, and only an object of which nothing
// is left counts as not accepted.
#include "controller/compile/report.h"

#include "table/limits.h"

namespace sluice::compile {

ObjectReport::ObjectReport(model::ObjectKey object, int64_t generation) {
    verdict_.object = std::move(object);
    verdict_.generation = generation;
}

void ObjectReport::not_ours(std::string_view field, Reason reason, std::string_view message) {
    verdict_.ours = false;
    verdict_.accepted = false;
    verdict_.accepted_reason = reason;
    warn(field, reason, message);
}

void ObjectReport::refuse(std::string_view field, Reason reason, std::string_view message) {
    if (refused_ == Reason::ok) refused_ = reason;
    add({Finding::Severity::refused, std::string(field), reason, std::string(message)});
}

void ObjectReport::unresolved(std::string_view field, Reason reason, std::string_view message) {
    if (verdict_.resolved) verdict_.resolved_reason = reason;
    verdict_.resolved = false;
    add({Finding::Severity::refused, std::string(field), reason, std::string(message)});
}

void ObjectReport::warn(std::string_view field, Reason reason, std::string_view message) {
    add({Finding::Severity::warning, std::string(field), reason, std::string(message)});
}

void ObjectReport::add(Finding finding) {
    if (verdict_.findings.size() < limits::kFindingsPerObject) {
        verdict_.findings.push_back(std::move(finding));
    } else {
        ++findings_left_out_;
    }
}

Verdict ObjectReport::take() {
    if (findings_left_out_ > 0) {
        verdict_.findings.push_back(
            {Finding::Severity::warning,
             "",
             Reason::too_many_objects,
             std::to_string(findings_left_out_) + " more findings are not listed"}
        );
    }
    if (verdict_.ours && !served_ && refused_ != Reason::ok) {
        verdict_.accepted = false;
        verdict_.accepted_reason = refused_;
    }
    return std::move(verdict_);
}

ObjectReport& Report::open(const model::ObjectKey& object, int64_t generation) {
    return reports_.try_emplace(object, object, generation).first->second;
}

std::vector<Verdict> Report::take() {
    std::vector<Verdict> ordered;
    ordered.reserve(reports_.size());
    for (auto& [object, report] : reports_) ordered.push_back(report.take());
    reports_.clear();
    return ordered;
}

}  // namespace sluice::compile
