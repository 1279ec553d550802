// Verdict texts. What objects contain is escaped, so that no name can forge a line.
#include "controller/compile/print.h"

#include <algorithm>

#include "controller/compile/json.h"
#include "controller/model/meta.h"

namespace sluice::compile {
namespace {

std::string_view severity_text(Finding::Severity severity) {
    return severity == Finding::Severity::refused ? "refused" : "warning";
}

// Control bytes would let a text write over the terminal or begin a line of its own.
std::string on_one_line(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
            continue;
        }
        out += "\\x";
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

std::string summary(const Verdict& verdict) {
    if (!verdict.ours)
        return "not ours (" + std::string(reason_text(verdict.accepted_reason)) + ")";
    if (!verdict.accepted) {
        return "refused (" + std::string(reason_text(verdict.accepted_reason)) + ")";
    }
    std::string text = "accepted";
    const bool in_part =
        std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const Finding& finding) {
            return finding.severity == Finding::Severity::refused;
        });
    if (in_part && verdict.resolved) text += " in part";
    if (!verdict.resolved) {
        text +=
            ", references not resolved (" + std::string(reason_text(verdict.resolved_reason)) + ")";
    }
    return text;
}

void write_finding(JsonWriter& json, const Finding& finding) {
    json.begin_object();
    json.member("severity", severity_text(finding.severity));
    json.member("field", finding.field);
    json.member("reason", reason_text(finding.reason));
    json.member("message", finding.message);
    json.end_object();
}

void write_rule(JsonWriter& json, const RuleStatus& rule) {
    json.begin_object();
    json.member("name", rule.name);
    json.key("backends");
    json.begin_list();
    for (const BackendStatus& backend : rule.backends) {
        json.begin_object(JsonWriter::Style::one_line);
        json.member("name", backend.name);
        json.member("readyEndpoints", backend.ready_endpoints);
        json.member("effectiveWeight", backend.effective_weight);
        json.end_object();
    }
    json.end_list();
    json.end_object();
}

void write(JsonWriter& json, const Verdict& verdict) {
    json.begin_object();
    json.member("kind", model::kind_name(verdict.object.kind));
    json.member("namespace", verdict.object.ns);
    json.member("name", verdict.object.name);
    json.member("generation", verdict.generation);
    json.member("ours", verdict.ours);
    json.member("accepted", verdict.accepted);
    json.member("acceptedReason", reason_text(verdict.accepted_reason));
    json.member("resolved", verdict.resolved);
    json.member("resolvedReason", reason_text(verdict.resolved_reason));
    json.key("findings");
    json.begin_list();
    for (const Finding& finding : verdict.findings) write_finding(json, finding);
    json.end_list();
    json.key("rules");
    json.begin_list();
    for (const RuleStatus& rule : verdict.rules) write_rule(json, rule);
    json.end_list();
    json.end_object();
}

}  // namespace

bool has_refusals(const Verdict& verdict) {
    if (!verdict.ours) return false;
    if (!verdict.accepted || !verdict.resolved) return true;
    return std::any_of(verdict.findings.begin(), verdict.findings.end(), [](const Finding& f) {
        return f.severity == Finding::Severity::refused;
    });
}

std::string to_text(const Verdict& verdict) {
    std::string text =
        on_one_line(model::to_string(verdict.object)) + ": " + summary(verdict) + "\n";
    for (const Finding& finding : verdict.findings) {
        text += "  ";
        text += severity_text(finding.severity);
        text += ' ';
        text += reason_text(finding.reason);
        text += ": ";
        if (!finding.field.empty()) text += on_one_line(finding.field) + ": ";
        text += on_one_line(finding.message) + "\n";
    }
    return text;
}

std::string to_text(std::span<const Verdict> verdicts) {
    std::string text;
    for (const Verdict& verdict : verdicts) text += to_text(verdict);
    return text;
}

std::string to_json(const Verdict& verdict) {
    JsonWriter json(2);
    write(json, verdict);
    return json.take();
}

std::string to_json(std::span<const Verdict> verdicts) {
    JsonWriter json(2);
    json.begin_list();
    for (const Verdict& verdict : verdicts) write(json, verdict);
    json.end_list();
    return json.take();
}

}  // namespace sluice::compile
