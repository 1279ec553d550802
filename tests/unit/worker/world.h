// The parts of a worker around its connections and its channel, on real sockets; a clock that tests
// move.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>

#include "proxy/exchange/services.h"
#include "proxy/net/poller.h"
#include "proxy/upstream/pool.h"
#include "table/builder.h"
#include "tests/unit/exchange/delivered.h"
#include "tests/unit/live/state.h"
#include "tests/unit/net/sockets.h"

namespace sluice::worker::testing {

using net::testing::Acceptor;
using net::testing::Plain;

inline constexpr int64_t kMs = 1'000'000;

struct World {
    int64_t now = 1000 * kMs;
    net::FramePool frames;
    net::BlockPool blocks;
    net::Poller poller;
    net::Wheel wheel{now};
    net::Turns turns;
    live::testing::State live;
    live::Loads& loads = live.loads;
    exchange::Tables tables{loads, 7};
    upstream::Pool pool{poller, blocks, now};
    exchange::Random random{42};
    net::PipePool pipes;
    exchange::Tally tally{live.mapping.worker(0)};
    std::unique_ptr<exchange::HeadScratch> scratch = std::make_unique<exchange::HeadScratch>();
    http::TrustedHops hops;  // nobody, until a test says otherwise
    exchange::Services services{
        frames,
        wheel,
        turns,
        tables,
        loads,
        live.counters,
        live.journal,
        pool,
        *scratch,
        random,
        tally,
        pipes,
        {},
        now,
        false,
        hops,
    };

    void turn() {
        poller.wait(5);
        poller.dispatch();
        wheel.advance(now);
        turns.run();
        poller.reclaim();
    }
    bool until(const std::function<bool()>& done) {
        for (int i = 0; i < 400 && !done(); ++i) turn();
        return done();
    }
    void pass(int64_t ms) {
        now += ms * kMs;
        wheel.advance(now + net::kTickNs);
    }
    uint64_t ended(Reason reason) const { return live.ended(static_cast<uint16_t>(reason)); }
};

// A table whose one rule answers every request of any host with a refusal, and one endpoint.
inline table::RoutesSpec refusing_routes(Reason reason) {
    table::RoutesSpec spec;
    table::RuleSpec rule;
    rule.key = table::key128({"Ingress", "demo", "web", "0"});
    rule.name = "Ingress/demo/web/0";
    rule.splits = {{1, reason, table::kNone}};
    rule.connect_ms = rule.first_byte_ms = rule.idle_ms = 1000;
    rule.request_ms = 0;
    spec.rules = {rule};
    spec.hosts = {{"", {{table::PathKind::prefix, "", {}, 0}}}};
    return spec;
}

}  // namespace sluice::worker::testing
