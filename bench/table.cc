// What a table costs: bytes a route, time to build, to verify and to attach, and look-ups by host
// and backend.
#include <array>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "table/builder.h"
#include "table/spec.h"
#include "table/view.h"

namespace sluice::table {
namespace {

// Paths as people write them; each host takes the first so many.
constexpr std::array<std::string_view, 10> kPaths{
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

RuleSpec rule_of(uint32_t host, size_t path, uint32_t backend) {
    const std::string name = "Ingress/team-" + std::to_string(host % 100) + "/app-" +
                             std::to_string(host) + "/" + std::to_string(path);
    RuleSpec rule{};
    rule.key = key128({name});
    rule.name = name;
    rule.splits = {{.weight = 1, .backend = backend}};
    rule.connect_ms = 1000;
    rule.first_byte_ms = 60'000;
    rule.idle_ms = 60'000;
    return rule;
}

std::string host_of(uint32_t index) {
    return "app-" + std::to_string(index) + ".team-" + std::to_string(index % 100) + ".example.com";
}

// One backend a host, as an application has.
RoutesSpec routes(uint32_t hosts, size_t paths) {
    RoutesSpec spec;
    for (uint32_t i = 0; i < hosts; ++i) {
        const std::string service = "app-" + std::to_string(i);
        spec.backends.push_back(
            {backend_key("Service", "team", service, "http"), "Service/team/" + service + "/http"}
        );
        HostSpec host{host_of(i), {}};
        for (size_t path = 0; path < paths; ++path) {
            const auto rule = static_cast<uint32_t>(spec.rules.size());
            host.matches.push_back({PathKind::prefix, std::string(kPaths[path]), {}, rule});
            spec.rules.push_back(rule_of(i, path, i));
        }
        spec.hosts.push_back(std::move(host));
    }
    return spec;
}

EndpointsSpec endpoints(uint32_t sets) {
    EndpointsSpec spec;
    for (uint32_t i = 0; i < sets; ++i) {
        EndpointSpec endpoint{};
        endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1};
        endpoint.port = 8000;
        endpoint.name = "app-" + std::to_string(i) + "-0";
        endpoint.identity = key128({endpoint.name});
        spec.sets.push_back({hash64(std::to_string(i)), {endpoint}});
    }
    return spec;
}

void shapes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"hosts", "paths"});
    bench->Args({1'000, 1})->Args({10'000, 10})->Args({100'000, 1});
    bench->Unit(benchmark::kMillisecond);
}

RoutesSpec routes(const benchmark::State& state) {
    return routes(static_cast<uint32_t>(state.range(0)), static_cast<size_t>(state.range(1)));
}

void build(benchmark::State& state) {
    const RoutesSpec spec = routes(state);
    size_t size = 0;
    for (auto _ : state) size = build_routes(spec)->size();
    const auto count = static_cast<double>(spec.rules.size());
    state.counters["bytes_a_route"] = static_cast<double>(size) / count;
}
BENCHMARK(build)->Apply(shapes);

void verify(benchmark::State& state) {
    const Bytes bytes = *build_routes(routes(state));
    for (auto _ : state) benchmark::DoNotOptimize(RoutesView::verify(bytes));
}
BENCHMARK(verify)->Apply(shapes);

void digest_of(benchmark::State& state) {
    const Bytes bytes = *build_routes(routes(state));
    for (auto _ : state) benchmark::DoNotOptimize(digest(bytes));
}
BENCHMARK(digest_of)->Apply(shapes);

void attach(benchmark::State& state) {
    const Bytes bytes = *build_routes(routes(100'000, 1));
    for (auto _ : state) benchmark::DoNotOptimize(RoutesView::attach(bytes));
}
BENCHMARK(attach);

// Hosts in an order that no cache or predictor has seen.
template <class Find>
void look_up(benchmark::State& state, std::string_view label, Find find) {
    const auto hosts = static_cast<uint32_t>(state.range(0));
    const Bytes bytes = *build_routes(routes(hosts, 1));
    const auto view = RoutesView::attach(bytes);
    std::vector<std::string> names;
    for (uint32_t i = 0; i < 4096; ++i) {
        names.push_back(std::string(label) + host_of(i * 2654435761U % hosts));
    }
    size_t next = 0;
    for (auto _ : state) benchmark::DoNotOptimize(find(*view, names[next++ % names.size()]));
}

void find_exact(benchmark::State& state) {
    look_up(state, "", [](const RoutesView& view, std::string_view host) {
        return view.find_exact(host);
    });
}
BENCHMARK(find_exact)->Arg(1'000)->Arg(100'000);

void find_nothing(benchmark::State& state) {
    look_up(state, "x.", [](const RoutesView& view, std::string_view host) {
        return view.find_wildcard(host);
    });
}
BENCHMARK(find_nothing)->Arg(1'000)->Arg(100'000);

void find_endpoints(benchmark::State& state) {
    const auto sets = static_cast<uint32_t>(state.range(0));
    const Bytes bytes = *build_endpoints(endpoints(sets));
    const auto view = EndpointsView::attach(bytes);
    std::vector<uint64_t> keys;
    for (uint32_t i = 0; i < 4096; ++i) {
        keys.push_back(hash64(std::to_string(i * 2654435761U % sets)));
    }
    size_t next = 0;
    for (auto _ : state) benchmark::DoNotOptimize(view->find(keys[next++ % keys.size()]));
}
BENCHMARK(find_endpoints)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace sluice::table

BENCHMARK_MAIN();
