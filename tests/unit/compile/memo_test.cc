// A compiler's memory never shows: after any edits, a compiler that has seen them all says and
// makes what one without a memory does, byte for byte.
#include <gtest/gtest.h>
#include <random>

#include "controller/compile/compiler.h"
#include "controller/compile/print.h"
#include "table/builder.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
using model::PathMatchType;
using model::PathType;

constexpr int kSeeds = 8;
constexpr int kStepsPerSeed = 300;

class Chance {
public:
    explicit Chance(uint32_t seed) : random_(seed) {}
    int below(int end) { return static_cast<int>(random_() % static_cast<uint32_t>(end)); }
    bool one_in(int n) { return below(n) == 0; }
    std::string name(const char* prefix, int end) { return prefix + std::to_string(below(end)); }
    // Few, so that ages tie; "" now and then.
    std::string time() {
        return one_in(4) ? "" : "202" + std::to_string(below(4)) + "-01-01T00:00:00Z";
    }
    std::optional<std::string> class_name() {
        static constexpr const char* kNames[] = {"sluice", "sluice", "sluice", "c0", "c1", ""};
        return one_in(8) ? std::nullopt : std::optional<std::string>(kNames[below(6)]);
    }
    std::string host() { return one_in(6) ? "" : name("h", 5) + (one_in(20) ? "_" : ".org"); }

private:
    std::mt19937 random_;
};

model::Ingress some_ingress(Chance& chance) {
    model::Ingress out = ingress(chance.name("i", 8), chance.host(), {}, chance.time());
    out.meta.ns = chance.name("n", 2);
    out.meta.generation = chance.below(100);
    out.class_name = chance.class_name();
    for (int i = chance.below(5); i > 0; --i) {
        const auto type = static_cast<PathType>(chance.below(3));
        const std::string text = chance.one_in(15) ? "//" : chance.name("/p", 4);
        out.rules[0].paths.push_back(path(type, text, chance.name("s", 5)));
    }
    if (chance.one_in(3)) out.rules.push_back(out.rules[0]);
    if (chance.one_in(3)) out.rules.back().host = chance.host();
    if (chance.one_in(6)) out.default_backend = path(PathType::prefix, "/", "s1").backend;
    if (chance.one_in(12)) out.meta.annotations["sluice.dev/x"] = "1";
    if (chance.one_in(12)) out.tls.emplace_back();
    return out;
}

model::RouteMatch some_match(Chance& chance) {
    model::RouteMatch out;
    if (!chance.one_in(4)) {
        const std::string text = chance.one_in(15) ? "(" : chance.name("/p", 4);
        out = path_match(static_cast<PathMatchType>(chance.below(3)), text);
    }
    if (chance.one_in(3)) out.method = chance.one_in(2) ? "GET" : "POST";
    if (chance.one_in(4)) out.headers = {{model::ValueMatchType::exact, "x", chance.name("v", 2)}};
    return out;
}

model::ModelRoute some_route(Chance& chance) {
    std::vector<model::RouteRule> rules;
    for (int i = chance.below(4); i > 0; --i) {
        model::RouteRule made = rule(chance.one_in(20) ? "r\n" : chance.name("r", 4));
        made.backend_refs.clear();
        for (int share = chance.below(4); share > 0; --share) {
            made.backend_refs.push_back(ref(chance.name("s", 5), chance.below(3)));
        }
        for (int match = chance.below(3); match > 0; --match) {
            made.matches.push_back(some_match(chance));
        }
        rules.push_back(std::move(made));
    }
    model::ModelRoute out = route(chance.name("m", 8), std::move(rules));
    out.meta.ns = chance.name("n", 2);
    out.meta.creation_timestamp = chance.time();
    out.class_name = chance.class_name();
    for (int i = chance.below(4); i > 0; --i) out.hostnames.push_back(chance.host());
    return out;
}

model::Service some_service(Chance& chance) {
    model::Service out = service(chance.name("s", 5));
    out.meta.ns = chance.name("n", 2);
    if (chance.one_in(4)) out.ports[0].name = "";
    if (chance.one_in(6)) out.ports[0].protocol = "UDP";
    if (chance.one_in(6)) out.ports[0].port = 81;
    if (chance.one_in(8)) out.type = model::ServiceType::external_name;
    return out;
}

model::IngressClass some_class(Chance& chance) {
    model::IngressClass out;
    out.meta = meta(chance.one_in(3) ? "sluice" : chance.name("c", 2), chance.time(), "");
    out.controller = chance.one_in(2) ? "sluice.dev/ingress-controller" : "example.com/other";
    if (chance.one_in(2)) {
        out.meta.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
    }
    return out;
}

template <class T>
void drop_one(model::Objects<T>& objects, Chance& chance) {
    if (objects.empty()) return;
    objects.erase(std::next(objects.begin(), chance.below(static_cast<int>(objects.size()))));
}

// The same content at another address, as after a file that was read again.
template <class T>
void read_again(model::Objects<T>& objects, Chance& chance) {
    if (objects.empty()) return;
    const auto at = std::next(objects.begin(), chance.below(static_cast<int>(objects.size())));
    at->second = std::make_shared<const T>(*at->second);
}

void edit(World& world, Chance& chance) {
    switch (chance.below(14)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return world.add(some_ingress(chance));
        case 4:
        case 5:
        case 6:
            return world.add(some_route(chance));
        case 7:
            return world.add(some_service(chance));
        case 8:
            return world.add(some_class(chance));
        case 9:
            return drop_one(world.snapshot.ingresses, chance);
        case 10:
            return drop_one(world.snapshot.model_routes, chance);
        case 11:
            return drop_one(world.snapshot.services, chance);
        case 12:
            if (chance.one_in(2)) drop_one(world.snapshot.ingress_classes, chance);
            return;
        default:
            read_again(world.snapshot.ingresses, chance);
            return read_again(world.snapshot.model_routes, chance);
    }
}

// A rename: the same object under another name, in one step with the old one gone.
void rename_one(World& world, Chance& chance) {
    auto& ingresses = world.snapshot.ingresses;
    if (ingresses.empty()) return;
    const auto at = std::next(ingresses.begin(), chance.below(static_cast<int>(ingresses.size())));
    model::Ingress moved = *at->second;
    ingresses.erase(at);
    moved.meta.name = chance.name("i", 8);
    world.add(std::move(moved));
}

std::vector<std::string> names_of(const std::vector<BackendPtr>& backends) {
    std::vector<std::string> names;
    for (const BackendPtr& backend : backends) names.push_back(backend->name);
    return names;
}

// Everything that leaves the first half, as texts and bytes. The builder with a memory is held to
// the one without in the same go.
void expect_same(Compiler& compiler, table::RoutesBuilder& builder, const World& world, Caps caps) {
    const Routed kept = compiler.run(world.snapshot);
    const Routed fresh = Compiler(world.options, caps).run(world.snapshot);
    ASSERT_EQ(to_json(values_of(kept.verdicts)), to_json(values_of(fresh.verdicts)));
    ASSERT_EQ(names_of(kept.backends), names_of(fresh.backends));
    const auto bytes = table::build_routes(table::joined(fresh.routes));
    ASSERT_TRUE(bytes) << bytes.error().message;
    ASSERT_EQ(table::build_routes(table::joined(kept.routes)).value(), *bytes);
    const auto built = builder.build(kept.routes);
    ASSERT_TRUE(built) << built.error().message;
    ASSERT_EQ(table::Bytes(built->begin(), built->end()), *bytes);
}

void run_edits(uint32_t seed, const Caps& caps) {
    Chance chance(seed);
    World world;
    Compiler compiler(world.options, caps);
    table::RoutesBuilder builder;
    size_t kept = 0;
    for (int step = 0; step < kStepsPerSeed; ++step) {
        for (int edits = 1 + chance.below(3); edits > 0; --edits) edit(world, chance);
        if (chance.one_in(10)) rename_one(world, chance);
        expect_same(compiler, builder, world, caps);
        if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed << " step " << step;
        const size_t objects = world.snapshot.ingresses.size() + world.snapshot.model_routes.size();
        kept += compiler.work().objects < objects ? 1 : 0;
    }
    EXPECT_GT(kept, kStepsPerSeed / 2) << "nothing is remembered";
}

TEST(Memo, NeverShows) {
    for (uint32_t seed = 0; seed < kSeeds; ++seed) run_edits(seed, {});
}

// Caps tie all hosts together.
TEST(Memo, NeverShowsWhereCapsBind) {
    run_edits(100, {.hosts = 3});
    run_edits(101, {.rules = 7});
    run_edits(102, {.matches_per_host = 2, .backends = 3});
    run_edits(103, {.hosts = 4, .rules = 12, .regexes_per_host = 1, .backends = 5});
}

TEST(Memo, AChangeCostsWhatItTouches) {
    World world;
    world.add(service("a"));
    for (int i = 0; i < 20; ++i) {
        const std::string name = std::to_string(i);
        world.add(ingress("i" + name, "h" + name + ".org", {path(PathType::prefix, "/")}));
    }
    Compiler compiler(world.options);
    compiler.run(world.snapshot);
    EXPECT_EQ(compiler.work(), (Compiler::Work{.objects = 20, .hosts = 20}));
    compiler.run(world.snapshot);
    EXPECT_EQ(compiler.work(), Compiler::Work{});
    world.add(ingress("i3", "h4.org", {path(PathType::prefix, "/x")}));
    compiler.run(world.snapshot);
    EXPECT_EQ(compiler.work(), (Compiler::Work{.objects = 1, .hosts = 1}));
    world.add(service("b"));
    compiler.run(world.snapshot);
    EXPECT_EQ(compiler.work(), Compiler::Work{});
    world.add(service("a"));
    compiler.run(world.snapshot);
    EXPECT_EQ(compiler.work().objects, 20u);
}

TEST(Memo, WhatDidNotChangeIsTheSamePart) {
    World world;
    world.add(service("a"));
    world.add(ingress("one", "one.org", {path(PathType::prefix, "/")}));
    world.add(ingress("two", "two.org", {path(PathType::prefix, "/")}));
    Compiler compiler(world.options);
    const Routed before = compiler.run(world.snapshot);
    world.add(ingress("two", "two.org", {path(PathType::prefix, "/x")}));
    const Routed after = compiler.run(world.snapshot);
    EXPECT_EQ(after.routes.rules[0], before.routes.rules[0]);
    EXPECT_NE(after.routes.rules[1], before.routes.rules[1]);
    EXPECT_EQ(after.routes.hosts[0], before.routes.hosts[0]);
    EXPECT_NE(after.routes.hosts[1], before.routes.hosts[1]);
    EXPECT_EQ(after.verdicts[0], before.verdicts[0]);
}

}  // namespace
}  // namespace sluice::compile
