// The two halves of the compiler against the whole of it: an update of endpoints alone ends where a
// compile of everything would have.
#include "controller/compile/reach.h"

#include <gtest/gtest.h>
#include <random>

#include "controller/compile/print.h"
#include "table/builder.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;

constexpr int kWorlds = 12;
constexpr int kStepsPerWorld = 60;
constexpr int kServices = 6;
constexpr int kSlices = 10;

class Chance {
public:
    explicit Chance(uint32_t seed) : random_(seed) {}
    int below(int end) { return static_cast<int>(random_() % static_cast<uint32_t>(end)); }
    bool one_in(int n) { return below(n) == 0; }
    std::optional<bool> maybe() {
        const int draw = below(3);
        return draw == 2 ? std::optional<bool>() : draw == 1;
    }

private:
    std::mt19937 random_;
};

std::string service_name(Chance& chance) {
    return "s" + std::to_string(chance.below(kServices));
}

// Ready, draining or not; now and then with an address that is refused.
model::SliceEndpoint some_endpoint(Chance& chance) {
    model::SliceEndpoint out;
    const std::string last = std::to_string(chance.below(12));
    out.addresses.push_back(chance.one_in(8) ? "127.0.0." + last : "10.0.0." + last);
    if (chance.one_in(15)) out.addresses[0] = "nonsense";
    if (chance.one_in(25)) out.addresses.clear();
    out.ready = chance.maybe();
    out.serving = chance.maybe();
    out.terminating = chance.maybe();
    out.pod_uid = std::to_string(chance.below(3));
    return out;
}

// Of any Service, one that does not exist included.
model::EndpointSlice some_slice(Chance& chance) {
    model::EndpointSlice out = slice("s" + std::to_string(chance.below(kServices + 2)), {});
    out.meta.name = "slice-" + std::to_string(chance.below(kSlices));
    out.meta.generation = chance.below(100);
    if (chance.one_in(12)) out.address_type = model::AddressType::fqdn;
    if (chance.one_in(6)) out.ports[0].name = "other";
    if (chance.one_in(6)) out.ports.push_back({.name = "http", .protocol = "TCP", .port = 9090});
    const int count = chance.below(5);
    for (int i = 0; i < count; ++i) out.endpoints.push_back(some_endpoint(chance));
    return out;
}

World some_world(Chance& chance) {
    World world;
    for (int i = 0; i < kServices; ++i) {
        model::Service made = service("s" + std::to_string(i));
        if (chance.one_in(3)) made.ports.push_back({.name = "other", .protocol = "", .port = 81});
        if (!chance.one_in(6)) world.add(std::move(made));
    }
    for (int i = 0; i < 8; ++i) {
        const std::string name = "i" + std::to_string(i);
        const std::string host = "h" + std::to_string(chance.below(4)) + ".org";
        world.add(ingress(name, host, {path(model::PathType::prefix, "/", service_name(chance))}));
        model::RouteRule split = rule("r");
        split.backend_refs.clear();
        for (int share = chance.below(4); share > 0; --share) {
            split.backend_refs.push_back(ref(service_name(chance), chance.below(3) * 10));
        }
        world.add(route("m" + std::to_string(i), {std::move(split)}));
    }
    return world;
}

void edit_slices(World& world, Chance& chance) {
    auto& slices = world.snapshot.endpoint_slices;
    if (!slices.empty() && chance.one_in(4)) {
        slices.erase(std::next(slices.begin(), chance.below(static_cast<int>(slices.size()))));
    } else {
        world.add(some_slice(chance));
    }
}

std::vector<Verdict> shown(const Routed& routed, const Reach& reach) {
    std::vector<Verdict> verdicts;
    for (const auto& verdict : merged(routed.verdicts, reach.slices)) {
        verdicts.push_back(with_endpoints(*verdict, reach.ready));
    }
    return verdicts;
}

TEST(Reach, EndsWhereACompileOfEverythingWould) {
    int with_findings = 0;
    int changes = 0;
    for (uint32_t seed = 0; seed < kWorlds; ++seed) {
        Chance chance(seed);
        World world = some_world(chance);
        const Routed routed = compile_routes(world.snapshot, world.options);
        const table::Bytes routes = table::build_routes(table::joined(routed.routes)).value();
        table::Bytes before;
        for (int step = 0; step < kStepsPerWorld; ++step) {
            edit_slices(world, chance);
            const Reach now = reach(routed.backends, world.snapshot.endpoint_slices, world.options);
            const std::vector<Verdict> verdicts = shown(routed, now);
            const Compiled whole = world.run();
            const table::Bytes bytes = table::build_endpoints(now.endpoints).value();
            ASSERT_EQ(bytes, table::build_endpoints(whole.endpoints).value()) << seed << step;
            ASSERT_EQ(routes, table::build_routes(whole.routes).value())
                << "routes depend on slices: " << seed << ' ' << step;
            ASSERT_EQ(to_json(verdicts), to_json(whole.verdicts)) << seed << ' ' << step;
            with_findings += now.slices.empty() ? 0 : 1;
            changes += bytes == before ? 0 : 1;
            before = bytes;
        }
    }
    EXPECT_GT(with_findings, 100) << "the slices are too good to tell";
    EXPECT_GT(changes, kWorlds * kStepsPerWorld / 4) << "the edits change nothing";
}

TEST(Reach, SaysOnceWhatHoldsHoweverOftenItIsAsked) {
    World world;
    world.add(service("a"));
    world.add(ingress("web", "h.org", {path(model::PathType::prefix, "/")}));
    world.add(route("chat", {rule("r")}));
    world.add(slice("a", {"10.0.0.1", "nonsense"}));
    const Routed routed = compile_routes(world.snapshot, world.options);
    const Reach now = reach(routed.backends, world.snapshot.endpoint_slices, world.options);
    const std::vector<Verdict> once = shown(routed, now);
    EXPECT_EQ(
        with_endpoints(once.front(), now.ready).rules.at(0).backends.at(0).ready_endpoints, 1u
    );
    ASSERT_EQ(now.slices.size(), 1u);
    EXPECT_EQ(findings_of(*now.slices[0]).size(), 1u);
    const Reach nothing = reach(routed.backends, {}, {});
    EXPECT_TRUE(nothing.slices.empty());
    const std::vector<Verdict> none = shown(routed, nothing);
    EXPECT_EQ(none.front().rules.at(0).backends.at(0).effective_weight, 0u);
    EXPECT_EQ(none.back().rules.at(0).backends.at(0).ready_endpoints, 0u);
}

TEST(Reach, TheSameAgainIsTheSameAnswer) {
    World world;
    world.add(service("a"));
    world.add(route("chat", {rule("r")}));
    world.add(slice("a", {"10.0.0.1"}));
    const Routed routed = compile_routes(world.snapshot, world.options);
    Reacher reacher(world.options);
    const auto first = reacher.run(routed.backends, world.snapshot.endpoint_slices);
    EXPECT_EQ(reacher.run(routed.backends, world.snapshot.endpoint_slices), first);
    world.add(slice("a", {"10.0.0.2"}));
    const auto second = reacher.run(routed.backends, world.snapshot.endpoint_slices);
    EXPECT_NE(second, first);
    EXPECT_EQ(second->endpoints.sets.at(0).endpoints.at(0).address.back(), 2);
    EXPECT_TRUE(reacher.run({}, world.snapshot.endpoint_slices)->endpoints.sets.empty());
}

}  // namespace
}  // namespace sluice::compile
