// What a request pays to find its rule: random hosts and paths in tables of many sizes, the rule's
// key read as an exchange reads it.
#include "proxy/route/match.h"

#include <benchmark/benchmark.h>
#include <cstdlib>
#include <string>
#include <utility>

#include "bench/tables.h"
#include "table/builder.h"

namespace sluice::bench {
namespace {

struct Bed {
    table::Bytes bytes;
    table::RoutesView view;
    route::Regexes regexes;
};

Bed make_bed(const table::RoutesSpec& spec) {
    Bed bed;
    auto built = table::build_routes(spec);
    if (!built) std::abort();
    bed.bytes = std::move(*built);
    const auto view = table::RoutesView::verify(bed.bytes);
    if (!view) std::abort();
    bed.view = *view;
    bed.regexes = route::Regexes::of(bed.view, nullptr);
    return bed;
}

http::RequestHead plain_head() {
    http::RequestHead head;
    head.method = "GET";
    head.fields.add("accept", "*/*");
    head.fields.add("user-agent", "bench");
    return head;
}

void look_up_in(benchmark::State& state, const Bed& bed, http::RequestHead& head, Keys keys) {
    size_t missed = 0;
    uint64_t sum = 0;
    for (auto _ : state) {
        const Key& key = keys.next();
        head.host = key.host;
        head.path = key.path;
        const route::Matched matched = route::match(bed.view, bed.regexes, head);
        if (matched.rule == nullptr) {
            ++missed;
        } else {
            sum += matched.rule->key_low;
        }
    }
    benchmark::DoNotOptimize(sum);
    if (missed != 0) state.SkipWithError("a request missed");
}

// The third argument: paths are numbered.
void look_up(benchmark::State& state) {
    const auto hosts = static_cast<uint32_t>(state.range(0));
    const auto paths = static_cast<uint32_t>(state.range(1));
    const Paths style = state.range(2) != 0 ? Paths::numbered : Paths::known;
    const Bed bed = make_bed(routes(hosts, paths, style));
    http::RequestHead head = plain_head();
    look_up_in(state, bed, head, Keys(hosts, paths, style));
}
BENCHMARK(look_up)
    ->ArgNames({"hosts", "paths", "numbered"})
    ->Args({1, 10, 1})
    ->Args({1, 1'000, 1})
    ->Args({1, 10'000, 1})
    ->Args({100, 10, 0})
    ->Args({1'000, 1, 0})
    ->Args({10'000, 10, 0})
    ->Args({100'000, 1, 0});

// The same walk over the keys, with a byte read of each line: what look_up pays for its keys.
void read_keys(benchmark::State& state) {
    const auto hosts = static_cast<uint32_t>(state.range(0));
    Keys keys(hosts, 10, Paths::known);
    size_t sum = 0;
    for (auto _ : state) {
        const Key& key = keys.next();
        sum += static_cast<uint8_t>(key.host.front()) + static_cast<uint8_t>(key.path.back());
    }
    benchmark::DoNotOptimize(sum);
}
BENCHMARK(read_keys)->ArgName("hosts")->Arg(100)->Arg(10'000);

// A header decides among two rules of each path.
void look_up_with_condition(benchmark::State& state) {
    table::RoutesSpec spec = routes(1, 1'000, Paths::numbered);
    for (size_t i = 0; i < 1'000; ++i) {
        table::MatchSpec& plain = spec.hosts[0].matches[i];
        table::MatchSpec conditional = plain;
        conditional.predicates = {{table::PredicateKind::header_exact, "x-tenant", "tenant-0"}};
        plain.predicates = {{table::PredicateKind::header_exact, "x-tenant", "tenant-1"}};
        spec.hosts[0].matches.push_back(std::move(conditional));
    }
    const Bed bed = make_bed(spec);
    http::RequestHead head = plain_head();
    head.fields.add("x-tenant", "tenant-0");
    look_up_in(state, bed, head, Keys(1, 1'000, Paths::numbered));
}
BENCHMARK(look_up_with_condition);

}  // namespace
}  // namespace sluice::bench
