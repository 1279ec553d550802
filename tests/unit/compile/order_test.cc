// Equal objects, equal table: nothing but the content of objects may reach it, and what one object
// does to another is limited to conflicts.
#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "controller/compile/hosts.h"
#include "controller/compile/print.h"
#include "table/builder.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
using model::PathMatchType;
using model::PathType;

// Twelve objects on one host that conflict in many ways, some of them equally old.
std::vector<model::Ingress> crowd() {
    std::vector<model::Ingress> out;
    for (int i = 0; i < 12; ++i) {
        const std::string created =
            i % 3 == 0 ? "" : "202" + std::to_string(i % 4) + "-01-01T00:00:00Z";
        std::vector<model::IngressPath> paths;
        for (int j = 0; j < 4; ++j) {
            const auto type = j % 2 == 0 ? PathType::prefix : PathType::exact;
            paths.push_back(path(type, "/p" + std::to_string((i + j) % 5), j % 2 == 0 ? "a" : "b"));
        }
        out.push_back(ingress("n" + std::to_string(i), "h.org", std::move(paths), created));
    }
    return out;
}

struct Bytes {
    table::Bytes routes;
    table::Bytes endpoints;
    std::string verdicts;
    bool operator==(const Bytes&) const = default;
};

Bytes bytes_of(const World& world) {
    const Compiled compiled = world.run();
    return {
        table::build_routes(compiled.routes).value(),
        table::build_endpoints(compiled.endpoints).value(),
        to_json(compiled.verdicts)
    };
}

World world_of(const std::vector<model::Ingress>& ingresses) {
    World world;
    world.add(service("a"));
    world.add(service("b"));
    world.add(slice("a", {"10.0.0.1", "10.0.0.2"}));
    for (const model::Ingress& one : ingresses) world.add(one);
    return world;
}

TEST(Order, OfArrivalDoesNotMatter) {
    std::vector<model::Ingress> ingresses = crowd();
    const Bytes first = bytes_of(world_of(ingresses));
    std::mt19937 random(1);
    for (int round = 0; round < 20; ++round) {
        std::shuffle(ingresses.begin(), ingresses.end(), random);
        EXPECT_EQ(bytes_of(world_of(ingresses)), first);
    }
}

TEST(Order, ResourceVersionsPlacesAndFilesDoNotMatter) {
    std::vector<model::Ingress> ingresses = crowd();
    const Bytes first = bytes_of(world_of(ingresses));
    for (model::Ingress& one : ingresses) {
        one.meta.resource_version = "99";
        one.meta.origin.file = "elsewhere.yaml";
        one.rules[0].place = {7, 7};
        one.meta.labels["x"] = "y";
    }
    EXPECT_EQ(bytes_of(world_of(ingresses)), first);
}

TEST(Order, CompilingTwiceIsTheSame) {
    const World world = world_of(crowd());
    EXPECT_EQ(bytes_of(world), bytes_of(world));
}

TEST(Order, RemovingTheWinnerServesTheLoser) {
    World world = world_of({});
    world.add(ingress("old", "h.org", {path(PathType::exact, "/x")}, "2020-01-01T00:00:00Z"));
    world.add(ingress("new", "h.org", {path(PathType::exact, "/x")}, "2021-01-01T00:00:00Z"));
    EXPECT_FALSE(verdict_of(world.run(), "Ingress demo/new").accepted);
    world.snapshot.ingresses.erase({model::Kind::ingress, "demo", "old"});
    const Compiled compiled = world.run();
    EXPECT_TRUE(verdict_of(compiled, "Ingress demo/new").accepted);
    EXPECT_EQ(matches_of(compiled, "h.org").size(), 1u);
}

TEST(Order, ABadObjectChangesNothingForTheOthers) {
    World world = world_of(crowd());
    const Compiled before = world.run();
    world.add(ingress("zz-bad", "b a d", {path(PathType::exact, "//")}));
    model::ModelRoute bad = route("zz-bad", {rule("main")});
    bad.rules[0].matches = {path_match(PathMatchType::regular_expression, "(")};
    world.add(bad);
    const Compiled after = world.run();
    EXPECT_EQ(
        table::build_routes(after.routes).value(), table::build_routes(before.routes).value()
    );
    EXPECT_FALSE(verdict_of(after, "Ingress demo/zz-bad").accepted);
    EXPECT_FALSE(verdict_of(after, "ModelRoute demo/zz-bad").accepted);
    EXPECT_EQ(verdict_of(after, "ModelRoute demo/zz-bad").accepted_reason, Reason::invalid_field);
}

TEST(Order, VerdictsStandInTheOrderOfObjects) {
    const Compiled compiled = world_of(crowd()).run();
    EXPECT_TRUE(std::is_sorted(
        compiled.verdicts.begin(),
        compiled.verdicts.end(),
        [](const Verdict& a, const Verdict& b) { return a.object < b.object; }
    ));
    EXPECT_EQ(compiled.verdicts.size(), 12u);
}

TEST(Order, EveryRuleOfTheTableHasAMatchAndEveryBackendARule) {
    const Compiled compiled = world_of(crowd()).run();
    std::vector<bool> rules(compiled.routes.rules.size());
    std::vector<bool> backends(compiled.routes.backends.size());
    for (const table::HostSpec& host : compiled.routes.hosts) {
        for (const table::MatchSpec& match : host.matches) rules.at(match.rule) = true;
    }
    for (const table::RuleSpec& one : compiled.routes.rules) {
        for (const table::SplitSpec& split : one.splits) backends.at(split.backend) = true;
    }
    EXPECT_EQ(std::count(rules.begin(), rules.end(), false), 0);
    EXPECT_EQ(std::count(backends.begin(), backends.end(), false), 0);
    EXPECT_EQ(backends.size(), 2u);
}

TEST(Order, EveryObjectIsServedOrTold) {
    const Compiled compiled = world_of(crowd()).run();
    size_t served = 0;
    size_t told = 0;
    for (const Verdict& verdict : compiled.verdicts) {
        served += verdict.rules.size();
        told += verdict.findings.size();
    }
    EXPECT_EQ(served + told, 12u * 4u);
    EXPECT_EQ(served, compiled.routes.rules.size());
    EXPECT_GT(told, 0u);
}

TEST(Hosts, AreLowerCaseNamesOrWildcards) {
    EXPECT_EQ(canonical_host(""), "");
    EXPECT_EQ(canonical_host("Foo.Example.COM"), "foo.example.com");
    EXPECT_EQ(canonical_host("*.Example.com"), "*.example.com");
    for (const char* host :
         {"*",
          "*.",
          "**.a",
          "a.*",
          "a*.b",
          "a..b",
          ".a",
          "a.",
          "-a",
          "a-",
          "a_b",
          "a/b",
          "a:80",
          "1.2.3.4",
          "::1",
          "é"}) {
        EXPECT_FALSE(canonical_host(host)) << host;
    }
}

TEST(Hosts, LowerCaseLeavesOtherBytesAlone) {
    EXPECT_EQ(lower_case("aZ09-_\xc3\x89"), "az09-_\xc3\x89");
}

}  // namespace
}  // namespace sluice::compile
