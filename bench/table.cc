// What a table costs: bytes a route, time to build, verify, digest and swap it, and endpoints by
// backend. With match.cc it is one program, build/release/bench_table.
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <unistd.h>

#include "bench/tables.h"
#include "proxy/exchange/tables.h"
#include "proxy/live/loads.h"
#include "proxy/live/mapping.h"
#include "table/binding.h"
#include "table/builder.h"
#include "table/channel.h"
#include "table/view.h"

namespace sluice::bench {
namespace {

using table::Bytes;

void shapes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"hosts", "paths"});
    bench->Args({1'000, 1})->Args({10'000, 10})->Args({100'000, 1});
    bench->Unit(benchmark::kMillisecond);
}

table::RoutesSpec routes_of(const benchmark::State& state) {
    const auto hosts = static_cast<uint32_t>(state.range(0));
    return routes(hosts, static_cast<uint32_t>(state.range(1)));
}

void build(benchmark::State& state) {
    const table::RoutesSpec spec = routes_of(state);
    size_t size = 0;
    for (auto _ : state) size = table::build_routes(spec)->size();
    const auto count = static_cast<double>(spec.rules.size());
    state.counters["bytes_a_route"] = static_cast<double>(size) / count;
}
BENCHMARK(build)->Apply(shapes);

void verify(benchmark::State& state) {
    const Bytes bytes = *table::build_routes(routes_of(state));
    for (auto _ : state) benchmark::DoNotOptimize(table::RoutesView::verify(bytes));
}
BENCHMARK(verify)->Apply(shapes);

void digest_of(benchmark::State& state) {
    const Bytes bytes = *table::build_routes(routes_of(state));
    for (auto _ : state) benchmark::DoNotOptimize(table::digest(bytes));
}
BENCHMARK(digest_of)->Apply(shapes);

// Bytes by what they are for, as counters; the time says nothing.
void anatomy(benchmark::State& state) {
    const Bytes bytes = *table::build_routes(routes_of(state));
    const auto view = table::RoutesView::attach(bytes);
    for (auto _ : state) benchmark::DoNotOptimize(view);
    const auto a_route = [&](size_t size) {
        return static_cast<double>(size) / static_cast<double>(view->rules().size());
    };
    const auto of = [&](auto entries) { return a_route(entries.size_bytes()); };
    state.counters["hosts"] = of(view->hosts()) + of(view->host_buckets());
    state.counters["paths"] = of(view->paths()) + of(view->path_buckets()) + of(view->path_order());
    state.counters["matches"] = of(view->matches());
    state.counters["rules"] = of(view->rules());
    state.counters["splits"] = of(view->splits());
    state.counters["backends"] = of(view->backends());
    state.counters["texts"] = a_route(view->pool().size());
}
BENCHMARK(anatomy)->Apply(shapes)->Iterations(1);

// Places and runs as the steward gives them; each rule has one split.
std::vector<uint32_t> slots_of(const table::RoutesView& view) {
    const auto rules = static_cast<uint32_t>(view.rules().size());
    std::vector<uint32_t> slots(3 * size_t{rules});
    for (uint32_t i = 0; i < rules; ++i) slots[i] = rules + 2 * i;
    std::iota(slots.begin() + rules, slots.end(), 2U);
    return slots;
}

// All that a worker does in the turn in which it takes a table, from mapping the descriptors to
// new requests going by it. The table before it is unmapped too.
void swap(benchmark::State& state) {
    const Bytes bytes = *table::build_routes(routes_of(state));
    const auto segment = table::seal("bench", bytes);
    const uint64_t digest = table::digest(bytes);
    const auto binding = table::binding_bytes(digest, slots_of(*table::RoutesView::attach(bytes)));
    const auto slots = table::seal("bench", binding);
    int live_fd = -1;
    const live::Sizes sizes{.load_slots = 8, .counter_slots = 8, .log_ring_bytes = 8192};
    const auto live = live::Mapping::create(sizes, live_fd);
    if (!segment || !slots || !live) return state.SkipWithError("no memory to map");
    const live::Loads loads(*live, 0);
    exchange::Tables tables(loads, 1);
    for (auto _ : state) {
        exchange::Delivered delivered{
            *table::Mapping::map(segment->get()), *table::Mapping::map(slots->get()), digest
        };
        auto next = tables.load_routes(std::move(delivered));
        if (!next) state.SkipWithError("refused");
        tables.install(std::move(*next));
    }
    ::close(live_fd);
}
BENCHMARK(swap)->Apply(shapes);

void endpoint_counts(benchmark::internal::Benchmark* bench) {
    bench->ArgName("endpoints")->Arg(10'000)->Arg(100'000);
}

void build_endpoints(benchmark::State& state) {
    const table::EndpointsSpec spec = endpoints(static_cast<uint32_t>(state.range(0)));
    size_t size = 0;
    for (auto _ : state) size = table::build_endpoints(spec)->size();
    state.counters["bytes_an_endpoint"] =
        static_cast<double>(size) / static_cast<double>(state.range(0));
}
BENCHMARK(build_endpoints)->Apply(endpoint_counts)->Unit(benchmark::kMillisecond);

void verify_endpoints(benchmark::State& state) {
    const Bytes bytes = *table::build_endpoints(endpoints(static_cast<uint32_t>(state.range(0))));
    for (auto _ : state) benchmark::DoNotOptimize(table::EndpointsView::verify(bytes));
}
BENCHMARK(verify_endpoints)->Apply(endpoint_counts)->Unit(benchmark::kMillisecond);

void find_endpoints(benchmark::State& state) {
    const auto count = static_cast<uint32_t>(state.range(0));
    const Bytes bytes = *table::build_endpoints(endpoints(count));
    const auto view = table::EndpointsView::attach(bytes);
    std::vector<uint64_t> keys;
    for (uint32_t i = 0; i < 1 << 17; ++i) {
        keys.push_back(view->sets()[(i * 2654435761U) % view->sets().size()].backend);
    }
    size_t next = 0;
    uint64_t sum = 0;
    for (auto _ : state) sum += view->find(keys[next++ % keys.size()]).front().port;
    benchmark::DoNotOptimize(sum);
}
BENCHMARK(find_endpoints)->Apply(endpoint_counts);

}  // namespace
}  // namespace sluice::bench

BENCHMARK_MAIN();
