// Tables of the sizes that the marks name, and requests for them.
#include "bench/tables.h"

#include <array>
#include <random>

#include "table/key.h"

namespace sluice::bench {
namespace {

constexpr size_t kKeys = 1 << 17;

constexpr std::array<std::string_view, 10> kKnownPaths{
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/models",
    "/v2/models",
    "/api",
    "/healthz",
    "/static",
    "/login",
    "/admin/users"
};

table::RuleSpec rule_of(uint32_t host, uint32_t path, uint32_t backend) {
    table::RuleSpec rule{};
    rule.name = "Ingress/team-" + std::to_string(host % 100) + "/app-" + std::to_string(host) +
                "/" + std::to_string(path);
    rule.key = table::key128({rule.name});
    rule.splits = {{.weight = 1, .backend = backend}};
    rule.connect_ms = 1000;
    rule.first_byte_ms = 60'000;
    rule.idle_ms = 60'000;
    rule.request_ms = 0;
    return rule;
}

}  // namespace

std::string host_of(uint32_t index) {
    return "app-" + std::to_string(index) + ".team-" + std::to_string(index % 100) + ".example.com";
}

std::string path_of(Paths style, uint32_t index) {
    if (style == Paths::known) return std::string(kKnownPaths.at(index));
    return "/team-" + std::to_string(index % 97) + "/service-" + std::to_string(index);
}

table::RoutesSpec routes(uint32_t hosts, uint32_t paths, Paths style) {
    table::RoutesSpec spec;
    for (uint32_t i = 0; i < hosts; ++i) {
        const std::string service = "app-" + std::to_string(i);
        spec.backends.push_back(
            {table::backend_key("Service", "team", service, "http"),
             "Service/team/" + service + "/http"}
        );
        table::HostSpec host{host_of(i), {}};
        for (uint32_t path = 0; path < paths; ++path) {
            const auto rule = static_cast<uint32_t>(spec.rules.size());
            host.matches.push_back({table::PathKind::prefix, path_of(style, path), {}, rule});
            spec.rules.push_back(rule_of(i, path, i));
        }
        spec.hosts.push_back(std::move(host));
    }
    return spec;
}

table::EndpointsSpec endpoints(uint32_t count) {
    table::EndpointsSpec spec;
    for (uint32_t i = 0; i < count; ++i) {
        if (i % 2 == 0) spec.sets.push_back({table::hash64(std::to_string(i / 2)), {}});
        table::EndpointSpec endpoint{};
        endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
        endpoint.address[14] = static_cast<uint8_t>(i >> 8);
        endpoint.address[15] = static_cast<uint8_t>(i);
        endpoint.port = 8000;
        endpoint.name = "app-" + std::to_string(i / 2) + "-" + std::to_string(i % 2);
        endpoint.identity = table::key128({endpoint.name});
        spec.sets.back().endpoints.push_back(std::move(endpoint));
    }
    return spec;
}

Keys::Keys(uint32_t hosts, uint32_t paths, Paths style) {
    std::mt19937 random(1);
    std::vector<std::array<size_t, 2>> lengths;
    for (size_t i = 0; i < kKeys; ++i) {
        const std::string host = host_of(static_cast<uint32_t>(random() % hosts));
        const std::string path =
            path_of(style, static_cast<uint32_t>(random() % paths)) + "/items/42";
        lengths.push_back({host.size(), path.size()});
        bytes_ += host + path;
    }
    std::string_view rest = bytes_;
    for (const auto& [host, path] : lengths) {
        keys_.push_back({rest.substr(0, host), rest.substr(host, path)});
        rest.remove_prefix(host + path);
    }
}

}  // namespace sluice::bench
