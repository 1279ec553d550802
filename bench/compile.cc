// What the controller spends between a change of an object and a table's bytes: everything anew,
// and one route of many. Part of build/release/bench_table.
#include <benchmark/benchmark.h>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/tables.h"
#include "controller/compile/compiler.h"
#include "controller/model/snapshot.h"
#include "table/builder.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kServices = 1000;

std::string service_of(uint32_t number) {
    return "service-" + std::to_string(number % kServices);
}

std::shared_ptr<model::Ingress> ingress(uint32_t host, uint32_t paths, uint32_t first_service) {
    auto out = std::make_shared<model::Ingress>();
    out->meta.name = "host-" + std::to_string(host);
    out->meta.ns = "default";
    out->class_name = "sluice";
    model::IngressRule rule;
    rule.host = host_of(host);
    for (uint32_t i = 0; i < paths; ++i) {
        model::IngressPath path{};
        path.type = model::PathType::prefix;
        path.path = path_of(Paths::known, i);
        path.backend.service = service_of(first_service + i);
        path.backend.port.number = 80;
        rule.paths.push_back(std::move(path));
    }
    out->rules.push_back(std::move(rule));
    return out;
}

template <class T>
void put(model::Objects<T>& objects, std::shared_ptr<T> object) {
    model::ObjectKey key{T::kKind, object->meta.ns, object->meta.name};
    objects[std::move(key)] = std::move(object);
}

model::Snapshot snapshot_of(const benchmark::State& state) {
    model::Snapshot out;
    for (uint32_t i = 0; i < kServices; ++i) {
        auto service = std::make_shared<model::Service>();
        service->meta.name = service_of(i);
        service->meta.ns = "default";
        service->ports.push_back({.name = "", .protocol = "TCP", .port = 80});
        put(out.services, std::move(service));
    }
    for (uint32_t i = 0; i < state.range(0); ++i) {
        put(out.ingresses, ingress(i, static_cast<uint32_t>(state.range(1)), i));
    }
    return out;
}

void shapes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"hosts", "paths"})->Args({10'000, 10})->Unit(benchmark::kMillisecond);
}

// As after a start of the controller.
void compile_and_build(benchmark::State& state) {
    const model::Snapshot snapshot = snapshot_of(state);
    for (auto _ : state) {
        compile::Compiler compiler({});
        table::RoutesBuilder builder;
        const auto routed = compiler.run(snapshot);
        const auto bytes = builder.build(routed.routes);
        if (!bytes) return state.SkipWithError(bytes.error().message.c_str());
        benchmark::DoNotOptimize(bytes->data());
    }
}
BENCHMARK(compile_and_build)->Apply(shapes);

// One host's routes go elsewhere.
void change_one(benchmark::State& state) {
    model::Snapshot snapshot = snapshot_of(state);
    compile::Compiler compiler({});
    table::RoutesBuilder builder;
    benchmark::DoNotOptimize(builder.build(compiler.run(snapshot).routes));
    uint32_t change = 0;
    for (auto _ : state) {
        const uint32_t host = change * 97 % static_cast<uint32_t>(state.range(0));
        put(snapshot.ingresses, ingress(host, static_cast<uint32_t>(state.range(1)), ++change));
        const auto routed = compiler.run(snapshot);
        const auto bytes = builder.build(routed.routes);
        if (!bytes) return state.SkipWithError(bytes.error().message.c_str());
        benchmark::DoNotOptimize(bytes->data());
    }
}
BENCHMARK(change_one)->Apply(shapes);

}  // namespace
}  // namespace sluice::bench
