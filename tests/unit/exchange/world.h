// A worker in miniature around the exchange: a table built from a spec, memory streams, a clock
// that tests move.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>

#include "proxy/exchange/exchange.h"
#include "table/builder.h"
#include "tests/unit/exchange/delivered.h"
#include "tests/unit/exchange/memory.h"
#include "tests/unit/live/state.h"

namespace sluice::exchange::testing {

inline constexpr int64_t kMs = 1'000'000;

// One host, one rule "/" with these splits; each backend has `endpoints` endpoints on distinct
// ports.
struct TableSpec {
    table::RoutesSpec routes;
    table::EndpointsSpec endpoints;
};

inline table::RuleSpec plain_rule() {
    table::RuleSpec rule;
    rule.key = table::key128({"ModelRoute", "demo", "chat", "0"});
    rule.name = "ModelRoute/demo/chat/0";
    rule.splits = {{1, Reason::ok, 0}};
    rule.connect_ms = 1000;
    rule.first_byte_ms = 60'000;
    rule.idle_ms = 60'000;
    rule.request_ms = 0;
    return rule;
}

inline TableSpec one_rule(table::RuleSpec rule, size_t endpoints) {
    TableSpec spec;
    const table::Key64 key = table::backend_key("Service", "demo", "llama", "http");
    spec.routes.backends = {{key, "Service/demo/llama/http"}};
    spec.routes.rules = {std::move(rule)};
    spec.routes.hosts = {{"models.example", {{table::PathKind::prefix, "", {}, 0}}}};
    table::EndpointSetSpec set{key, {}};
    for (size_t i = 0; i < endpoints; ++i) {
        table::EndpointSpec endpoint;
        endpoint.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
        endpoint.port = static_cast<uint16_t>(9000 + i);
        endpoint.name = "llama-" + std::to_string(i);
        endpoint.identity = table::key128({endpoint.name});
        set.endpoints.push_back(endpoint);
    }
    if (endpoints > 0) spec.endpoints.sets = {set};
    return spec;
}

struct World {
    int64_t now = 1000 * kMs;
    net::FramePool frames;
    net::Wheel wheel{now};
    net::Turns turns;
    live::testing::State live;
    live::Loads& loads = live.loads;
    live::LogWriter log_writer{live.mapping, 0};
    Tables tables{loads, 7};
    MemoryUpstreams upstreams;
    std::unique_ptr<HeadScratch> scratch = std::make_unique<HeadScratch>();
    Random random{42};
    net::PipePool pipes;
    Tally tally{live.mapping.worker(0)};
    http::TrustedHops trusted;  // nobody, until a test says otherwise
    Services services{
        frames,
        wheel,
        turns,
        tables,
        loads,
        live.counters,
        live.journal,
        upstreams,
        *scratch,
        random,
        tally,
        pipes,
        {.writer = &log_writer},
        now,
        false,
        trusted,
    };

    void install(const TableSpec& spec) {
        auto routes = tables.load_routes(table::testing::delivered(spec.routes));
        ASSERT_TRUE(routes);
        auto endpoints = tables.load_endpoints(table::testing::delivered(spec.endpoints));
        ASSERT_TRUE(endpoints);
        tables.install(std::move(*routes));
        tables.install(std::move(*endpoints));
    }
    void pass(int64_t ms) {
        now += ms * kMs;
        wheel.advance(now + net::kTickNs);
    }
    uint64_t ended(Reason reason) const { return live.ended(static_cast<uint16_t>(reason)); }
    MemoryUpstream& stream(size_t index) { return *upstreams.streams.at(index); }
};

// Runs one exchange detached; `over` tells its end.
struct Running {
    ~Running() {
        if (wheel != nullptr) wheel->forget(client.deadline());
    }

    net::Wheel* wheel = nullptr;
    MemoryDownstream client;
    bool over = false;
};

inline net::Detached run(Services& services, Running& running, Reason refused) {
    net::Task exchange = run_exchange(services, running.client, refused);
    co_await exchange;
    running.over = true;
}

struct Ask {
    std::string_view method = "POST";
    std::string_view path = "/v1/chat/completions";
    std::string_view host = "models.example";
    bool body = false;
    std::optional<uint64_t> length = {};  // of the body; without one it comes in chunks
    bool upgrade = false;
    std::string_view connection = {};
};

// Puts a head into the scratch, as a codec would have, and starts the exchange.
inline void start(World& world, Running& running, const Ask& ask) {
    http::RequestHead& head = world.scratch->request;
    world.scratch->text.reset();
    head = {};
    head.method = ask.method;
    head.target = head.path = ask.path;
    head.authority = head.host = ask.host;
    head.is_head = ask.method == "HEAD";
    head.is_idempotent = ask.method != "POST";
    head.wants_upgrade = ask.upgrade;
    if (ask.body) head.body = {http::Framing::chunked, 0};
    if (ask.length) head.body = {http::Framing::length, *ask.length};
    head.fields.clear();
    if (!ask.connection.empty()) head.fields.add("connection", ask.connection);
    if (!ask.body) running.client.feed("", true);
    running.wheel = &world.wheel;
    run(world.services, running, Reason::ok);
}

}  // namespace sluice::exchange::testing
