// What differs from its default is printed, the rest is left out: short cases stay short.
#include "tests/golden/print_table.h"

#include <arpa/inet.h>
#include <map>

#include "controller/compile/json.h"

namespace sluice::golden {
namespace {

using compile::JsonWriter;
using Style = JsonWriter::Style;

std::string_view text_of(table::PathKind kind) {
    constexpr std::string_view kTexts[] = {"exact", "prefix", "regex"};
    return kTexts[static_cast<size_t>(kind)];
}

std::string_view text_of(table::PredicateKind kind) {
    constexpr std::string_view kTexts[] = {
        "method", "header", "header_regex", "query", "query_regex"
    };
    return kTexts[static_cast<size_t>(kind)];
}

std::string_view text_of(table::RewriteKind kind) {
    constexpr std::string_view kTexts[] = {"none", "prefix", "full"};
    return kTexts[static_cast<size_t>(kind)];
}

std::string_view text_of(table::EditKind kind) {
    constexpr std::string_view kTexts[] = {"set", "add", "remove"};
    return kTexts[static_cast<size_t>(kind)];
}

std::string text_of(const std::array<uint8_t, 16>& address) {
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(AF_INET6, address.data(), text, sizeof(text));
    return text;
}

void write_match(JsonWriter& json, const table::MatchSpec& match, const table::RoutesSpec& routes) {
    json.begin_object(Style::one_line);
    json.member(text_of(match.path_kind), match.path);
    for (const table::PredicateSpec& predicate : match.predicates) {
        const std::string name = predicate.name.empty() ? "" : " " + predicate.name;
        json.member(std::string(text_of(predicate.kind)) + name, predicate.value);
    }
    json.member("rule", routes.rules.at(match.rule).name);
    json.end_object();
}

void write_hosts(JsonWriter& json, const table::RoutesSpec& routes) {
    json.key("hosts");
    json.begin_object();
    for (const table::HostSpec& host : routes.hosts) {
        json.key(host.name);
        json.begin_list();
        for (const table::MatchSpec& match : host.matches) write_match(json, match, routes);
        json.end_list();
    }
    json.end_object();
}

void write_splits(JsonWriter& json, const table::RuleSpec& rule, const table::RoutesSpec& routes) {
    json.key("splits");
    json.begin_list();
    for (const table::SplitSpec& split : rule.splits) {
        json.begin_object(Style::one_line);
        json.member("weight", split.weight);
        if (split.refuse == Reason::ok) {
            json.member("backend", routes.backends.at(split.backend).name);
        } else {
            json.member("refuse", reason_text(split.refuse));
        }
        json.end_object();
    }
    json.end_list();
}

void write_edits(
    JsonWriter& json, std::string_view name, const std::vector<table::EditSpec>& edits
) {
    if (edits.empty()) return;
    json.key(name);
    json.begin_list();
    for (const table::EditSpec& edit : edits) {
        json.begin_object(Style::one_line);
        json.member(text_of(edit.kind), edit.name);
        if (edit.kind != table::EditKind::remove) json.member("value", edit.value);
        json.end_object();
    }
    json.end_list();
}

void write_redirect(JsonWriter& json, const table::RedirectSpec& redirect) {
    json.key("redirect");
    json.begin_object(Style::one_line);
    json.member("status", redirect.status);
    if (!redirect.scheme.empty()) json.member("scheme", redirect.scheme);
    if (!redirect.host.empty()) json.member("host", redirect.host);
    if (redirect.port != 0) json.member("port", redirect.port);
    if (redirect.path_kind != table::RewriteKind::none) {
        json.member(text_of(redirect.path_kind), redirect.path);
    }
    json.end_object();
}

void write_rule(JsonWriter& json, const table::RuleSpec& rule, const table::RoutesSpec& routes) {
    json.key(rule.name);
    json.begin_object();
    write_splits(json, rule, routes);
    if (rule.policy == table::BalancePolicy::round_robin) json.member("policy", "round_robin");
    if (rule.ai) json.member("ai", true);
    if (rule.rewrite_kind != table::RewriteKind::none) {
        json.member("rewrite " + std::string(text_of(rule.rewrite_kind)), rule.rewrite_path);
    }
    if (!rule.rewrite_host.empty()) json.member("rewrite host", rule.rewrite_host);
    if (rule.redirect) write_redirect(json, *rule.redirect);
    write_edits(json, "request edits", rule.request_edits);
    write_edits(json, "response edits", rule.response_edits);
    json.key("clocks_ms");
    json.begin_object(Style::one_line);
    json.member("connect", rule.connect_ms);
    json.member("first_byte", rule.first_byte_ms);
    json.member("idle", rule.idle_ms);
    json.member("request", rule.request_ms);
    json.end_object();
    json.end_object();
}

void write_endpoints(
    JsonWriter& json, const table::RoutesSpec& routes, const table::EndpointsSpec& endpoints
) {
    std::map<table::Key64, std::string> names;
    for (const table::BackendSpec& backend : routes.backends) names[backend.key] = backend.name;
    json.key("endpoints");
    json.begin_object();
    for (const table::EndpointSetSpec& set : endpoints.sets) {
        json.key(names.at(set.backend));
        json.begin_list();
        for (const table::EndpointSpec& endpoint : set.endpoints) {
            json.begin_object(Style::one_line);
            json.member("address", text_of(endpoint.address));
            json.member("port", endpoint.port);
            if (!endpoint.name.empty()) json.member("pod", endpoint.name);
            json.end_object();
        }
        json.end_list();
    }
    json.end_object();
}

// A YAML double-quoted scalar is a JSON string.
std::string quoted(std::string_view text) {
    JsonWriter json(0);
    json.value(text);
    return json.take();
}

std::string condition(bool holds, Reason reason) {
    return holds ? "true" : "false (" + std::string(reason_text(reason)) + ")";
}

void append_findings(std::string& out, const compile::Verdict& verdict) {
    if (verdict.findings.empty()) return;
    out += "  findings:\n";
    for (const compile::Finding& finding : verdict.findings) {
        const bool refused = finding.severity == compile::Finding::Severity::refused;
        out += std::string("  - ") + (refused ? "refused" : "warning") + ": ";
        out += reason_text(finding.reason);
        out += "\n    field: " + quoted(finding.field);
        out += "\n    message: " + quoted(finding.message) + "\n";
    }
}

}  // namespace

std::string table_text(const table::RoutesSpec& routes, const table::EndpointsSpec& endpoints) {
    JsonWriter json(2);
    json.begin_object();
    write_hosts(json, routes);
    json.key("rules");
    json.begin_object();
    for (const table::RuleSpec& rule : routes.rules) write_rule(json, rule, routes);
    json.end_object();
    write_endpoints(json, routes, endpoints);
    json.end_object();
    return json.take();
}

std::string status_text(std::span<const compile::Verdict> verdicts) {
    std::string out;
    for (const compile::Verdict& verdict : verdicts) {
        out += "- object: " + quoted(model::to_string(verdict.object)) + "\n";
        if (!verdict.ours) {
            out += "  ours: false\n  reason: ";
            out += std::string(reason_text(verdict.accepted_reason)) + "\n";
        } else {
            out += "  accepted: " + condition(verdict.accepted, verdict.accepted_reason);
            out += "\n  resolved: " + condition(verdict.resolved, verdict.resolved_reason);
            out += "\n";
        }
        append_findings(out, verdict);
        if (verdict.rules.empty()) continue;
        out += "  rules:\n";
        for (const compile::RuleStatus& rule : verdict.rules) {
            out += "  - name: " + quoted(rule.name) + "\n";
            for (const compile::BackendStatus& backend : rule.backends) {
                out += "    " + quoted(backend.name) +
                       ": {ready: " + std::to_string(backend.ready_endpoints) +
                       ", weight: " + std::to_string(backend.effective_weight) + "}\n";
            }
        }
    }
    return out;
}

}  // namespace sluice::golden
