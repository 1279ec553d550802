// Conflicts, limits and order: who gets a place, who is told that they did not, and what is tried
// first.
#include "controller/compile/admit.h"

#include <gtest/gtest.h>

#include "controller/compile/compiler.h"
#include "controller/compile/specificity.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
using model::PathMatchType;
using model::PathType;
using Texts = std::vector<std::string>;

// Caps of the real table are too large for a test to fill: the same code with small ones.
struct Result {
    table::RoutesSpec routes;
    std::vector<Verdict> verdicts;
};

Result run_with(const World& world, const Caps& caps) {
    const Routed routed = Compiler(world.options, caps).run(world.snapshot);
    return {table::joined(routed.routes), values_of(routed.verdicts)};
}

model::Ingress old_one() {
    return ingress("old", "h.org", {path(PathType::prefix, "/x")}, "2020-01-01T00:00:00Z");
}
model::Ingress new_one() {
    return ingress("new", "h.org", {path(PathType::prefix, "/x")}, "2021-01-01T00:00:00Z");
}

TEST(Admit, DefaultCapsAreThoseOfTheTable) {
    constexpr Caps kCaps;
    static_assert(kCaps.hosts == limits::kHosts && kCaps.rules == limits::kRules);
    static_assert(kCaps.matches_per_host == limits::kMatchesPerHost);
    static_assert(kCaps.backends == limits::kBackends);
    static_assert(kCaps.regexes_per_host == limits::kRegexesPerHost);
}

TEST(Admit, OlderWinsAndTheLoserIsToldWho) {
    World world;
    world.add(service("a"));
    world.add(new_one());
    world.add(old_one());
    const Compiled compiled = world.run();
    EXPECT_EQ(matches_of(compiled, "h.org"), (Texts{"prefix /x -> Ingress/demo/old/0/0"}));
    EXPECT_EQ(compiled.routes.rules.size(), 1u);
    const Verdict& loser = verdict_of(compiled, "Ingress demo/new");
    EXPECT_FALSE(loser.accepted);
    EXPECT_EQ(loser.accepted_reason, Reason::conflict);
    ASSERT_EQ(loser.findings.size(), 1u);
    EXPECT_EQ(loser.findings[0].field, "spec.rules[0].http.paths[0]");
    EXPECT_EQ(
        loser.findings[0].message,
        "path prefix \"/x\" on host \"h.org\" belongs to Ingress demo/old "
        "(spec.rules[0].http.paths[0]), which is older"
    );
    EXPECT_TRUE(verdict_of(compiled, "Ingress demo/old").findings.empty());
    EXPECT_TRUE(loser.rules.empty());
}

TEST(Admit, LoserOfOnePathKeepsTheOthers) {
    World world;
    world.add(service("a"));
    world.add(old_one());
    world.add(ingress(
        "new",
        "h.org",
        {path(PathType::prefix, "/x"), path(PathType::prefix, "/y")},
        "2021-01-01T00:00:00Z"
    ));
    const Compiled compiled = world.run();
    EXPECT_TRUE(verdict_of(compiled, "Ingress demo/new").accepted);
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "Ingress demo/new")),
        (Texts{"refused conflict spec.rules[0].http.paths[0]"})
    );
    EXPECT_EQ(matches_of(compiled, "h.org").size(), 2u);
}

TEST(Admit, ExactAndPrefixOfOnePathAreNoConflict) {
    World world;
    world.add(service("a"));
    world.add(ingress("web", "h.org", {path(PathType::prefix, "/x"), path(PathType::exact, "/x")}));
    const Compiled compiled = world.run();
    EXPECT_TRUE(verdict_of(compiled, "Ingress demo/web").findings.empty());
    EXPECT_EQ(
        matches_of(compiled, "h.org"),
        (Texts{"exact /x -> Ingress/demo/web/0/1", "prefix /x -> Ingress/demo/web/0/0"})
    );
}

TEST(Admit, KindNeverDecides) {
    for (const bool route_is_older : {true, false}) {
        World world;
        world.add(service("a"));
        model::ModelRoute other = route("chat", {rule("main")});
        other.hostnames = {"h.org"};
        other.rules[0].matches = {path_match(PathMatchType::path_prefix, "/x")};
        other.meta.creation_timestamp =
            route_is_older ? "2019-01-01T00:00:00Z" : "2022-01-01T00:00:00Z";
        world.add(old_one());
        world.add(other);
        const std::string winner =
            route_is_older ? "ModelRoute/demo/chat/main" : "Ingress/demo/old/0/0";
        EXPECT_EQ(matches_of(world.run(), "h.org"), (Texts{"prefix /x -> " + winner}));
    }
}

TEST(Admit, OrderOfAgesIsTotal) {
    const model::Meta none = meta("a");
    const model::Meta early = meta("b", "2020-01-01T00:00:00Z");
    const model::Meta fraction = meta("b", "2020-01-01T00:00:00.5Z");
    const auto at = [](const model::Meta& m, model::Kind kind = model::Kind::ingress) {
        return Precedence{&m, kind};
    };
    EXPECT_LT(at(early), at(none));
    EXPECT_LT(at(early), at(fraction));
    model::Meta other_ns = early;
    other_ns.ns = "aaa";
    EXPECT_LT(at(other_ns), at(early));
    model::Meta other_uid = early;
    other_uid.uid = "u";
    EXPECT_LT(at(early), at(other_uid));
    EXPECT_LT(at(early), at(early, model::Kind::model_route));
    EXPECT_EQ(at(early), at(early));
}

TEST(Admit, WordsSayWhyTheWinnerWon) {
    const model::Meta old_meta = meta("b", "2020-01-01T00:00:00Z");
    const model::Meta new_meta = meta("a", "2021-01-01T00:00:00Z");
    const model::Meta twin = meta("a", "2020-01-01T00:00:00Z");
    const Precedence first{&old_meta, model::Kind::ingress};
    EXPECT_EQ(why_first(first, {&new_meta, model::Kind::ingress}), "which is older");
    EXPECT_EQ(
        why_first({&twin, model::Kind::ingress}, first),
        "which is as old and comes first by namespace and name"
    );
    EXPECT_EQ(why_first(first, first), "which stands earlier in the same object");
    EXPECT_EQ(
        why_first(first, {&old_meta, model::Kind::model_route}),
        "which is as old and bears the same name"
    );
}

TEST(Admit, RepeatInsideOneRuleIsSilent) {
    World world;
    world.add(service("a"));
    model::ModelRoute twice = route("chat", {rule("main")});
    twice.hostnames = {"h.org", "H.ORG"};
    twice.rules[0].matches = {{}, {}};
    world.add(twice);
    const Compiled compiled = world.run();
    EXPECT_TRUE(verdict_of(compiled, "ModelRoute demo/chat").findings.empty());
    EXPECT_EQ(matches_of(compiled, "h.org").size(), 1u);
}

TEST(Admit, TextsCannotImitateOneAnother) {
    World world;
    world.add(service("a"));
    model::RouteRule first = rule("first");
    first.matches.emplace_back();
    first.matches[0].headers = {{model::ValueMatchType::exact, "a", "b1:c1:d"}};
    model::RouteRule second = rule("second");
    second.matches.emplace_back();
    second.matches[0].headers = {
        {model::ValueMatchType::exact, "a", "b"}, {model::ValueMatchType::exact, "c", "d"}
    };
    world.add(route("chat", {first, second}));
    EXPECT_EQ(matches_of(world.run(), "").size(), 2u);
}

TEST(Admit, HoldsTheLimitOfPatternsPerHost) {
    World world;
    world.add(service("a"));
    std::vector<model::RouteRule> rules;
    for (size_t i = 0; i <= limits::kRegexesPerHost; ++i) {
        rules.push_back(rule("r" + std::to_string(i)));
        rules.back().matches = {
            path_match(PathMatchType::regular_expression, "/" + std::to_string(i))
        };
    }
    rules.pop_back();
    world.add(route("chat", rules));
    EXPECT_TRUE(verdict_of(world.run(), "ModelRoute demo/chat").findings.empty());
    rules.push_back(rule("last"));
    rules.back().matches = {path_match(PathMatchType::regular_expression, "/last")};
    world.add(route("chat", rules));
    const Compiled compiled = world.run();
    EXPECT_EQ(matches_of(compiled, "").size(), limits::kRegexesPerHost);
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "ModelRoute demo/chat")),
        (Texts{"refused too_many_objects spec.rules[20].matches[0]"})
    );
}

TEST(Admit, HoldsTheLimitsOfHostsRulesAndMatches) {
    World world;
    world.add(service("a"));
    for (const char* name : {"a", "b", "c"}) {
        world.add(ingress(
            name,
            std::string(name) + ".org",
            {path(PathType::prefix, "/x"), path(PathType::prefix, "/y")}
        ));
    }
    EXPECT_EQ(run_with(world, {.hosts = 3}).routes.hosts.size(), 3u);
    const Result two_hosts = run_with(world, {.hosts = 2});
    EXPECT_EQ(two_hosts.routes.hosts.size(), 2u);
    EXPECT_EQ(two_hosts.verdicts[2].accepted_reason, Reason::too_many_objects);
    EXPECT_EQ(run_with(world, {.rules = 6}).routes.rules.size(), 6u);
    const Result five_rules = run_with(world, {.rules = 5});
    EXPECT_EQ(five_rules.routes.rules.size(), 5u);
    EXPECT_EQ(
        findings_of(five_rules.verdicts[2]),
        (Texts{"refused too_many_objects spec.rules[0].http.paths[1]"})
    );
    const Result one_match = run_with(world, {.matches_per_host = 1});
    for (const table::HostSpec& host : one_match.routes.hosts) EXPECT_EQ(host.matches.size(), 1u);
    EXPECT_EQ(run_with(world, {.matches_per_host = 2}).routes.hosts[0].matches.size(), 2u);
}

TEST(Admit, LimitsFallOnTheNewest) {
    World world;
    world.add(service("a"));
    world.add(ingress("aaa", "new.org", {path(PathType::prefix, "/")}, "2022-01-01T00:00:00Z"));
    world.add(ingress("zzz", "old.org", {path(PathType::prefix, "/")}, "2020-01-01T00:00:00Z"));
    const Result outcome = run_with(world, {.hosts = 1});
    ASSERT_EQ(outcome.routes.hosts.size(), 1u);
    EXPECT_EQ(outcome.routes.hosts[0].name, "old.org");
}

TEST(Admit, DefaultBackendIsNeverBeforeARule) {
    World world;
    world.add(service("a"));
    model::Ingress fallback = ingress("fallback", "", {}, "2020-01-01T00:00:00Z");
    fallback.default_backend = path(PathType::prefix, "/").backend;
    world.add(fallback);
    EXPECT_EQ(matches_of(world.run(), ""), (Texts{"prefix  -> Ingress/demo/fallback/default"}));
    model::ModelRoute conditional = route("chat", {rule("main")});
    conditional.rules[0].matches.emplace_back();
    conditional.rules[0].matches[0].method = "POST";
    world.add(conditional);
    EXPECT_EQ(
        matches_of(world.run(), ""),
        (Texts{"prefix  -> ModelRoute/demo/chat/main", "prefix  -> Ingress/demo/fallback/default"})
    );
    world.add(ingress("web", "", {path(PathType::prefix, "/")}, "2023-01-01T00:00:00Z"));
    const Compiled compiled = world.run();
    EXPECT_EQ(
        matches_of(compiled, ""),
        (Texts{"prefix  -> ModelRoute/demo/chat/main", "prefix  -> Ingress/demo/web/0/0"})
    );
    const Verdict& verdict = verdict_of(compiled, "Ingress demo/fallback");
    EXPECT_FALSE(verdict.accepted);
    EXPECT_NE(
        verdict.findings.at(0).message.find("is never reached: Ingress demo/web"), std::string::npos
    );
}

Candidate candidate(
    table::PathKind kind, std::string text, std::vector<table::PredicateSpec> predicates = {}
) {
    Candidate out;
    out.path_kind = kind;
    out.path = std::move(text);
    out.predicates = std::move(predicates);
    return out;
}

TEST(Specificity, CountsConditionsInTheGatewayApisOrder) {
    using table::PredicateKind;
    const table::PredicateSpec method{PredicateKind::method, "", "GET"};
    const table::PredicateSpec header{PredicateKind::header_exact, "a", "1"};
    const table::PredicateSpec header_regex{PredicateKind::header_regex, "b", "1"};
    const table::PredicateSpec query{PredicateKind::query_exact, "a", "1"};
    const table::PredicateSpec query_regex{PredicateKind::query_regex, "b", "1"};
    const std::vector<std::vector<table::PredicateSpec>> order{
        {method, header},
        {method},
        {header, header_regex},
        {header, query, query_regex},
        {header_regex, query},
        {header},
        {query, query_regex},
        {query},
        {}
    };
    for (size_t i = 0; i < order.size(); ++i) {
        for (size_t j = 0; j < order.size(); ++j) {
            const Candidate a = candidate(table::PathKind::prefix, "/x", order[i]);
            const Candidate b = candidate(table::PathKind::prefix, "/x", order[j]);
            EXPECT_EQ(goes_before(a, b), i < j) << i << ' ' << j;
        }
    }
}

TEST(Specificity, LongerPatternsGoFirst) {
    const Candidate longer = candidate(table::PathKind::regex, "/aaa.*");
    const Candidate shorter =
        candidate(table::PathKind::regex, "/b.*", {{table::PredicateKind::method, "", "GET"}});
    EXPECT_TRUE(goes_before(longer, shorter));
    EXPECT_FALSE(goes_before(shorter, longer));
    const Candidate as_long = candidate(table::PathKind::regex, "/ccc.*");
    EXPECT_FALSE(goes_before(longer, as_long));
    EXPECT_FALSE(goes_before(as_long, longer));
}

}  // namespace
}  // namespace sluice::compile
