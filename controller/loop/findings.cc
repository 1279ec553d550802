// A walk over what was said and what is said, and the lines of what differs.
#include "controller/loop/findings.h"

#include <set>
#include <string>
#include <utility>

#include "controller/loop/log.h"

namespace sluice::loop {
namespace {

std::string finding_line(const compile::Verdict& verdict, const compile::Finding& finding) {
    const bool refused = finding.severity == compile::Finding::Severity::refused;
    return "object=" + quoted(model::to_string(verdict.object)) +
           " severity=" + (refused ? "refused" : "warning") +
           " reason=" + std::string(reason_text(finding.reason)) +
           " field=" + quoted(finding.field) + " message=" + quoted(finding.message);
}

void add_findings(const compile::Verdict& verdict, std::set<std::string>& lines) {
    if (!verdict.ours) return;
    for (const compile::Finding& finding : verdict.findings) {
        lines.insert(finding_line(verdict, finding));
    }
}

}  // namespace

News::Change Findings::update(compile::Verdicts verdicts) {
    News before;
    std::set<std::string> then;
    std::set<std::string> now;
    auto old = known_.begin();
    auto fresh = verdicts.begin();
    while (old != known_.end() || fresh != verdicts.end()) {
        if (old != known_.end() && fresh != verdicts.end() && *old == *fresh) {
            ++old;
            ++fresh;
        } else if (fresh == verdicts.end() ||
                   (old != known_.end() && !((*fresh)->object < (*old)->object))) {
            add_findings(**old++, then);
        } else {
            add_findings(**fresh++, now);
        }
    }
    known_ = std::move(verdicts);
    before.update(std::move(then));
    return before.update(std::move(now));
}

}  // namespace sluice::loop
