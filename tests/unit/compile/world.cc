// Short forms for tests; every default here is a value that the decoders would have set.
#include "tests/unit/compile/world.h"

#include <gtest/gtest.h>

namespace sluice::compile::testing_support {

model::Meta meta(std::string name, std::string created, std::string ns) {
    model::Meta out;
    out.name = std::move(name);
    out.ns = std::move(ns);
    out.creation_timestamp = std::move(created);
    return out;
}

model::Service service(std::string name) {
    model::Service out;
    out.meta = meta(std::move(name));
    out.ports.push_back({.name = "http", .protocol = "TCP", .port = 80});
    return out;
}

model::EndpointSlice slice(std::string name, std::vector<std::string> addresses) {
    model::EndpointSlice out;
    out.meta = meta(name + "-1");
    out.service = std::move(name);
    out.ports.push_back({.name = "http", .protocol = "TCP", .port = 8080});
    for (std::string& address : addresses) {
        model::SliceEndpoint endpoint;
        endpoint.addresses.push_back(std::move(address));
        out.endpoints.push_back(std::move(endpoint));
    }
    return out;
}

model::IngressPath path(model::PathType type, std::string text, std::string service) {
    model::IngressPath out;
    out.type = type;
    out.path = std::move(text);
    out.backend.service = std::move(service);
    out.backend.port.number = 80;
    return out;
}

model::Ingress ingress(
    std::string name, std::string host, std::vector<model::IngressPath> paths, std::string created
) {
    model::Ingress out;
    out.meta = meta(std::move(name), std::move(created));
    out.class_name = "sluice";
    model::IngressRule only;
    only.host = std::move(host);
    only.paths = std::move(paths);
    out.rules.push_back(std::move(only));
    return out;
}

model::BackendRef ref(std::string name, int32_t weight) {
    model::BackendRef out;
    out.name = std::move(name);
    out.port = "80";
    out.weight = weight;
    return out;
}

model::RouteMatch path_match(model::PathMatchType type, std::string value) {
    model::RouteMatch out;
    out.path = model::PathMatch{.type = type, .value = std::move(value)};
    return out;
}

model::RouteRule rule(std::string name) {
    model::RouteRule out;
    out.name = std::move(name);
    out.backend_refs.push_back(ref("a"));
    return out;
}

model::ModelRoute route(std::string name, std::vector<model::RouteRule> rules) {
    model::ModelRoute out;
    out.meta = meta(std::move(name));
    out.class_name = "sluice";
    out.rules = std::move(rules);
    return out;
}

std::vector<Verdict> values_of(const Verdicts& verdicts) {
    std::vector<Verdict> values;
    for (const auto& verdict : verdicts) values.push_back(*verdict);
    return values;
}

const Verdict& verdict_of(const Compiled& compiled, const std::string& object) {
    for (const Verdict& verdict : compiled.verdicts) {
        if (model::to_string(verdict.object) == object) return verdict;
    }
    ADD_FAILURE() << "no verdict on " << object;
    static const Verdict kNone{};
    return kNone;
}

std::vector<std::string> findings_of(const Verdict& verdict) {
    std::vector<std::string> texts;
    for (const Finding& finding : verdict.findings) {
        const bool refused = finding.severity == Finding::Severity::refused;
        std::string text = refused ? "refused " : "warning ";
        text += reason_text(finding.reason);
        texts.push_back(text + " " + finding.field);
    }
    return texts;
}

std::vector<std::string> matches_of(const Compiled& compiled, const std::string& host) {
    constexpr const char* kKinds[] = {"exact ", "prefix ", "regex "};
    std::vector<std::string> texts;
    for (const table::HostSpec& spec : compiled.routes.hosts) {
        if (spec.name != host) continue;
        for (const table::MatchSpec& match : spec.matches) {
            const std::string kind = kKinds[static_cast<size_t>(match.path_kind)];
            texts.push_back(kind + match.path + " -> " + compiled.routes.rules[match.rule].name);
        }
    }
    return texts;
}

const table::RuleSpec& rule_of(const Compiled& compiled, const std::string& name) {
    for (const table::RuleSpec& spec : compiled.routes.rules) {
        if (spec.name == name) return spec;
    }
    ADD_FAILURE() << "no rule " << name;
    static const table::RuleSpec kNone{};
    return kNone;
}

}  // namespace sluice::compile::testing_support
