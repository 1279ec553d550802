// Verdicts as conditions, and the few numbers that others wait for.
#include "controller/loop/pages.h"

#include "controller/compile/json.h"
#include "controller/compile/print.h"

namespace sluice::loop {
namespace {

using compile::JsonWriter;
using compile::Verdict;
using Status = Programmed::Status;

constexpr const char* kJson = "application/json";

struct Condition {
    const char* type;
    bool holds;
    std::string reason;
    std::string message;
};

std::string message_of(const Verdict& verdict, Reason reason) {
    for (const compile::Finding& finding : verdict.findings) {
        if (finding.reason == reason) return finding.message;
    }
    return "";
}

std::string programmed_reason(const Programmed& programmed) {
    if (programmed.status == Status::yes) return "Programmed";
    if (programmed.status == Status::pending) return "Pending";
    return condition_reason(programmed.reason);
}

std::vector<Condition> conditions_of(const Verdict& verdict, const Ledger& ledger) {
    const Programmed programmed = ledger.programmed(verdict);
    const bool runs = programmed.status == Status::yes;
    return {
        {"Accepted",
         verdict.accepted,
         condition_reason(verdict.accepted_reason),
         message_of(verdict, verdict.accepted_reason)},
        {"ResolvedRefs",
         verdict.resolved,
         verdict.resolved ? "ResolvedRefs" : condition_reason(verdict.resolved_reason),
         message_of(verdict, verdict.resolved_reason)},
        {"Programmed", runs, programmed_reason(programmed), programmed.message},
    };
}

std::string conditions_json(const Verdict& verdict, const Ledger& ledger) {
    JsonWriter json(0);
    json.begin_list();
    for (const Condition& condition : conditions_of(verdict, ledger)) {
        json.begin_object();
        json.member("type", condition.type);
        json.member("status", condition.holds ? "True" : "False");
        json.member("observedGeneration", verdict.generation);
        json.member("reason", condition.reason);
        json.member("message", condition.message);
        json.end_object();
    }
    json.end_list();
    return json.take();
}

std::string problems_json(const files::FileReport& report) {
    JsonWriter json(0);
    json.begin_list();
    for (const model::Problem& problem : report.problems) json.value(model::to_string(problem));
    json.end_list();
    return json.take();
}

std::string verdicts_json(const Ledger& ledger, const files::FileReport& report) {
    std::string text = "{\"generation\": " + std::to_string(ledger.running_generation());
    text += ",\n\"problems\": " + problems_json(report) + ",\n\"objects\": [";
    const char* separator = "\n";
    for (const auto& known : ledger.verdicts()) {
        const Verdict verdict = ledger.whole(*known);
        text += separator;
        // An object of another class gets no conditions from us.
        const std::string conditions = verdict.ours ? conditions_json(verdict, ledger) : "[]";
        text += "{\"conditions\": " + conditions + ",\n\"verdict\": " + compile::to_json(verdict);
        text += "}";
        separator = ",\n";
    }
    return text + "\n]}\n";
}

std::string verdicts_text(const Ledger& ledger, const files::FileReport& report) {
    std::string text;
    for (const model::Problem& problem : report.problems) text += model::to_string(problem) + "\n";
    for (const auto& verdict : ledger.verdicts()) {
        text += compile::to_text(*verdict);
        const Programmed programmed = ledger.programmed(*verdict);
        if (programmed.status == Status::pending || programmed.status == Status::refused) {
            text += "  not programmed: " + programmed.message + "\n";
        }
    }
    return text.empty() ? "no objects\n" : text;
}

std::string programmed_json(const Ledger& ledger) {
    JsonWriter json(2);
    json.begin_object();
    json.member("generation", ledger.running_generation());
    json.key("resourceVersions");
    json.begin_object();
    for (size_t kind = 0; kind < model::kKinds; ++kind) {
        const auto name = model::kind_name(static_cast<model::Kind>(kind));
        json.member(name, ledger.running_versions()[kind]);
    }
    json.end_object();
    json.key("pending");
    json.begin_list();
    for (const auto& verdict : ledger.verdicts()) {
        const Status status = ledger.programmed(*verdict).status;
        const bool waits = status == Status::pending || status == Status::refused;
        if (waits) json.value(model::to_string(verdict->object));
    }
    json.end_list();
    json.end_object();
    return json.take() + "\n";
}

}  // namespace

std::string condition_reason(Reason reason) {
    std::string text;
    bool upper = true;
    for (const char c : reason_text(reason)) {
        if (c == '_') {
            upper = true;
            continue;
        }
        text += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        upper = false;
    }
    return text;
}

admin::Response page(
    const admin::Request& request,
    const Ledger& ledger,
    const files::FileReport& report,
    const Figures& figures
) {
    if (request.path == "/livez") return {.body = "ok\n"};
    if (request.path == "/readyz") {
        if (ledger.running_revision() > 0) return {.body = "ok\n"};
        return {.status = 503, .body = "the proxy runs no table of this controller yet\n"};
    }
    if (request.path == "/generation") {
        return {.body = std::to_string(ledger.running_generation()) + "\n"};
    }
    if (request.path == "/metrics") return {.type = kMetricsType, .body = metrics_text(figures)};
    if (request.path == "/programmed") return {.type = kJson, .body = programmed_json(ledger)};
    if (request.path == "/verdicts") {
        if (request.parameter("format") == "text") return {.body = verdicts_text(ledger, report)};
        return {.type = kJson, .body = verdicts_json(ledger, report)};
    }
    return {
        .status = 404,
        .body =
            "pages: /livez /readyz /metrics /verdicts /verdicts?format=text /generation "
            "/programmed\n"
    };
}

}  // namespace sluice::loop
