// What one route match costs: paths in one host, hosts in one table, with and without conditions.
#include "proxy/route/match.h"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <string>
#include <vector>

#include "table/builder.h"
#include "table/spec.h"

namespace sluice {
namespace {

struct Bed {
    table::Bytes bytes;
    table::RoutesView view;
    route::Regexes regexes;
    std::vector<std::string> hosts;
    std::vector<std::string> paths;
};

void add(
    table::RoutesSpec& spec, table::HostSpec& host, const std::string& path, size_t conditions
) {
    table::RuleSpec rule{};
    rule.name = host.name + path;
    rule.key = table::key128({rule.name});
    rule.splits = {{.weight = 1, .refuse = Reason::no_weight}};
    rule.connect_ms = rule.first_byte_ms = rule.idle_ms = 1000;
    table::MatchSpec match{
        table::PathKind::prefix, path, {}, static_cast<uint32_t>(spec.rules.size())
    };
    for (size_t i = 0; i < conditions; ++i) {
        match.predicates.push_back(
            {table::PredicateKind::header_exact, "x-tenant", "tenant-" + std::to_string(i)}
        );
    }
    spec.rules.push_back(rule);
    host.matches.push_back(match);
}

// `hosts` names with `paths` prefixes each.
Bed make_bed(size_t hosts, size_t paths, size_t conditions = 0) {
    Bed bed;
    table::RoutesSpec spec;
    for (size_t p = 0; p < paths; ++p) {
        bed.paths.push_back("/team-" + std::to_string(p % 97) + "/service-" + std::to_string(p));
    }
    for (size_t h = 0; h < hosts; ++h) {
        table::HostSpec host{"app-" + std::to_string(h) + ".example.com", {}};
        for (const auto& path : bed.paths) add(spec, host, path, conditions);
        bed.hosts.push_back(host.name);
        spec.hosts.push_back(std::move(host));
    }
    auto built = table::build_routes(spec);
    if (!built) std::abort();
    bed.bytes = std::move(*built);
    const auto view = table::RoutesView::verify(bed.bytes);
    if (!view) std::abort();
    bed.view = *view;
    bed.regexes = route::Regexes::of(bed.view, nullptr);
    return bed;
}

// Walks hosts and paths in a scattered order, so that no request finds the caches just warmed by
// itself.
void match(benchmark::State& state) {
    const Bed bed = make_bed(state.range(0), state.range(1), state.range(2));
    http::RequestHead head;
    head.method = "GET";
    head.fields.add("accept", "*/*");
    head.fields.add("user-agent", "bench");
    if (state.range(2) != 0) head.fields.add("x-tenant", "tenant-0");
    std::vector<std::string> targets;
    for (const auto& path : bed.paths) targets.push_back(path + "/v1/items/42");
    uint32_t draw = 0;
    size_t matched = 0;
    for (auto _ : state) {
        draw = draw * 1664525u + 1013904223u;
        head.host = bed.hosts[(uint64_t{draw} * bed.hosts.size()) >> 32];
        head.path = targets[(uint64_t{draw * 2654435769u} * targets.size()) >> 32];
        const route::Matched result = route::match(bed.view, bed.regexes, head);
        benchmark::DoNotOptimize(result);
        matched += result.rule != nullptr;
    }
    if (matched != static_cast<size_t>(state.iterations())) state.SkipWithError("a request missed");
}

BENCHMARK(match)
    ->ArgNames({"hosts", "paths", "conditions"})
    ->Args({1, 10, 0})
    ->Args({1, 1000, 0})
    ->Args({1, 10'000, 0})
    ->Args({100, 10, 0})
    ->Args({100'000, 1, 0})
    ->Args({1, 1000, 1});

}  // namespace
}  // namespace sluice

BENCHMARK_MAIN();
