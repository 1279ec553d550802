// Ingress and ModelRoute to rules: fields, refusals of the smallest unit, statuses.
#include <gtest/gtest.h>

#include "controller/compile/compiler.h"
#include "table/key.h"
#include "table/limits.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
using model::PathMatchType;
using model::PathType;
using Texts = std::vector<std::string>;

class ObjectsTest : public testing::Test {
protected:
    ObjectsTest() { world_.add(service("a")); }
    Texts findings(const std::string& object) {
        return findings_of(verdict_of(world_.run(), object));
    }
    World world_;
};

TEST_F(ObjectsTest, RuleHasItsNameAndKey) {
    world_.add(ingress("web", "h.org", {path(PathType::prefix, "/")}));
    const table::RuleSpec spec = rule_of(world_.run(), "Ingress/demo/web/0/0");
    EXPECT_EQ(spec.key, table::key128({"Ingress", "demo", "web", "0/0"}));
    EXPECT_EQ(spec.policy, table::BalancePolicy::least_requests);
    EXPECT_FALSE(spec.ai);
    ASSERT_EQ(spec.splits.size(), 1u);
    EXPECT_EQ(spec.splits[0].weight, 1u);
    EXPECT_EQ(spec.splits[0].backend, 0u);
}

TEST_F(ObjectsTest, HostsAreLowerCaseAndChecked) {
    world_.add(ingress("web", "H.Org", {path(PathType::prefix, "/")}));
    EXPECT_EQ(matches_of(world_.run(), "h.org").size(), 1u);
    for (const std::string& host :
         {std::string("h.org:80"),
          std::string("a.*.org"),
          std::string("*"),
          std::string("10.0.0.1"),
          std::string("h..org"),
          std::string("h\0.org", 6),
          std::string("h org"),
          std::string(254, 'a')}) {
        world_.add(ingress("web", host, {path(PathType::prefix, "/"), path(PathType::exact, "/")}));
        const Compiled compiled = world_.run();
        EXPECT_TRUE(compiled.routes.hosts.empty()) << host;
        EXPECT_EQ(
            findings_of(verdict_of(compiled, "Ingress demo/web")),
            (Texts{"refused invalid_field spec.rules[0].host"})
        );
        EXPECT_EQ(verdict_of(compiled, "Ingress demo/web").accepted_reason, Reason::invalid_field);
    }
}

TEST_F(ObjectsTest, HostHoldsItsLimit) {
    std::string host = "a";
    while (host.size() + 2 <= limits::kHostBytes) host += ".a";
    ASSERT_EQ(host.size(), limits::kHostBytes);
    world_.add(ingress("web", host, {path(PathType::prefix, "/")}));
    EXPECT_EQ(world_.run().routes.hosts.size(), 1u);
    world_.add(ingress("web", host + "a", {path(PathType::prefix, "/")}));
    EXPECT_TRUE(world_.run().routes.hosts.empty());
}

TEST_F(ObjectsTest, BadPathLeavesTheOthers) {
    world_.add(ingress(
        "web",
        "h.org",
        {path(PathType::prefix, "/a//b"), path(PathType::exact, ""), path(PathType::prefix, "/ok")}
    ));
    const Compiled compiled = world_.run();
    EXPECT_EQ(matches_of(compiled, "h.org"), (Texts{"prefix /ok -> Ingress/demo/web/0/2"}));
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "Ingress demo/web")),
        (Texts{
            "refused invalid_field spec.rules[0].http.paths[0].path",
            "refused invalid_field spec.rules[0].http.paths[1].path"
        })
    );
    EXPECT_TRUE(verdict_of(compiled, "Ingress demo/web").accepted);
}

TEST_F(ObjectsTest, IngressWithNothingToServeIsFine) {
    world_.add(ingress("web", "h.org", {}));
    EXPECT_TRUE(verdict_of(world_.run(), "Ingress demo/web").accepted);
}

TEST_F(ObjectsTest, MissingServiceIsToldAndAnswered) {
    world_.add(ingress("web", "h.org", {path(PathType::prefix, "/", "gone")}));
    const Compiled compiled = world_.run();
    const Verdict& verdict = verdict_of(compiled, "Ingress demo/web");
    EXPECT_TRUE(verdict.accepted);
    EXPECT_FALSE(verdict.resolved);
    EXPECT_EQ(verdict.resolved_reason, Reason::service_not_found);
    EXPECT_EQ(
        findings_of(verdict),
        (Texts{"refused service_not_found spec.rules[0].http.paths[0].backend.service"})
    );
    const table::RuleSpec spec = rule_of(compiled, "Ingress/demo/web/0/0");
    ASSERT_EQ(spec.splits.size(), 1u);
    EXPECT_EQ(spec.splits[0].refuse, Reason::backend_not_found);
    EXPECT_EQ(spec.splits[0].backend, table::kNone);
    EXPECT_TRUE(compiled.routes.backends.empty());
}

TEST_F(ObjectsTest, ModelRouteIsAiOnAnyPathAndPolicyIsKept) {
    model::RouteRule one = rule("main");
    one.policy = model::LoadBalancingPolicy::round_robin;
    world_.add(route("chat", {one}));
    const table::RuleSpec spec = rule_of(world_.run(), "ModelRoute/demo/chat/main");
    EXPECT_TRUE(spec.ai);
    EXPECT_EQ(spec.first_byte_ms, 300'000u);
    EXPECT_EQ(spec.policy, table::BalancePolicy::round_robin);
    EXPECT_EQ(spec.key, table::key128({"ModelRoute", "demo", "chat", "main"}));
}

TEST_F(ObjectsTest, UnnamedRuleGoesByItsIndexAndRepeatedNamesAreRefused) {
    model::RouteRule third = rule("0");
    third.matches = {path_match(PathMatchType::exact, "/x")};
    world_.add(route("chat", {rule(""), third}));
    const Compiled compiled = world_.run();
    EXPECT_EQ(matches_of(compiled, ""), (Texts{"prefix  -> ModelRoute/demo/chat/0"}));
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "ModelRoute demo/chat")),
        (Texts{"refused conflict spec.rules[1].name"})
    );
}

TEST_F(ObjectsTest, RouteWhoseHostsAreAllWrongIsNoRouteForAnyHost) {
    model::ModelRoute bad = route("chat", {rule("main")});
    bad.hostnames = {"a b", ""};
    world_.add(bad);
    const Compiled compiled = world_.run();
    EXPECT_TRUE(compiled.routes.hosts.empty());
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "ModelRoute demo/chat")),
        (Texts{"refused invalid_field spec.hostnames[0]", "refused invalid_field spec.hostnames[1]"}
        )
    );
}

TEST_F(ObjectsTest, WeightsAreSplitsAndZeroIsNone) {
    world_.add(service("b"));
    world_.add(slice("a", {"10.0.0.1"}));
    model::RouteRule one = rule("main");
    one.backend_refs = {ref("a", 90), ref("b", 0), ref("gone", 10)};
    world_.add(route("chat", {one}));
    const Compiled compiled = world_.run();
    const table::RuleSpec spec = rule_of(compiled, "ModelRoute/demo/chat/main");
    ASSERT_EQ(spec.splits.size(), 2u);
    EXPECT_EQ(spec.splits[0].weight, 90u);
    EXPECT_EQ(spec.splits[1].weight, 10u);
    EXPECT_EQ(spec.splits[1].refuse, Reason::backend_not_found);
    const std::vector<BackendStatus>& status =
        verdict_of(compiled, "ModelRoute demo/chat").rules.at(0).backends;
    ASSERT_EQ(status.size(), 3u);
    EXPECT_EQ(status[0].name, "Service demo/a:80");
    EXPECT_EQ(status[0].ready_endpoints, 1u);
    EXPECT_EQ(status[0].effective_weight, 90u);
    EXPECT_EQ(status[1].effective_weight, 0u);
    EXPECT_EQ(status[2].effective_weight, 10u);
}

TEST_F(ObjectsTest, OnlyZeroWeightsRefuse) {
    model::RouteRule one = rule("main");
    one.backend_refs = {ref("a", 0)};
    world_.add(route("chat", {one}));
    const Compiled compiled = world_.run();
    const table::RuleSpec spec = rule_of(compiled, "ModelRoute/demo/chat/main");
    ASSERT_EQ(spec.splits.size(), 1u);
    EXPECT_EQ(spec.splits[0].refuse, Reason::no_weight);
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "ModelRoute demo/chat")),
        (Texts{"warning no_weight spec.rules[0].backendRefs"})
    );
}

TEST_F(ObjectsTest, WeightsHoldTheirEdges) {
    for (const int32_t weight :
         {-1, static_cast<int32_t>(limits::kWeight) + 1, INT32_MIN, INT32_MAX}) {
        model::RouteRule one = rule("main");
        one.backend_refs = {ref("a", 1), ref("a", weight)};
        world_.add(route("chat", {one}));
        EXPECT_EQ(
            findings("ModelRoute demo/chat"),
            (Texts{"refused invalid_field spec.rules[0].backendRefs[1].weight"})
        ) << weight;
        EXPECT_TRUE(world_.run().routes.rules.empty());
    }
    model::RouteRule one = rule("main");
    one.backend_refs = {ref("a", static_cast<int32_t>(limits::kWeight))};
    world_.add(route("chat", {one}));
    EXPECT_TRUE(findings("ModelRoute demo/chat").empty());
}

TEST_F(ObjectsTest, SplitsHoldTheirLimit) {
    model::RouteRule one = rule("main");
    one.backend_refs.assign(limits::kSplitsPerRule, ref("a"));
    world_.add(route("chat", {one}));
    EXPECT_TRUE(findings("ModelRoute demo/chat").empty());
    one.backend_refs.push_back(ref("a"));
    world_.add(route("chat", {one}));
    EXPECT_EQ(
        findings("ModelRoute demo/chat"),
        (Texts{"refused too_many_objects spec.rules[0].backendRefs"})
    );
}

TEST_F(ObjectsTest, RuleWithoutBackendsAnswersAnError) {
    model::RouteRule one = rule("main");
    one.backend_refs.clear();
    world_.add(route("chat", {one}));
    const Compiled compiled = world_.run();
    EXPECT_EQ(
        rule_of(compiled, "ModelRoute/demo/chat/main").splits.at(0).refuse,
        Reason::backend_not_found
    );
    EXPECT_FALSE(verdict_of(compiled, "ModelRoute demo/chat").resolved);
}

TEST_F(ObjectsTest, RedirectNeedsNoBackendAndTakesNone) {
    model::RouteFilter filter{.type = model::FilterType::request_redirect};
    filter.request_redirect = model::RequestRedirect{.scheme = "https"};
    model::RouteRule one = rule("main");
    one.filters = {filter};
    world_.add(route("chat", {one}));
    EXPECT_EQ(
        findings("ModelRoute demo/chat"), (Texts{"refused invalid_field spec.rules[0].backendRefs"})
    );
    one.backend_refs.clear();
    world_.add(route("chat", {one}));
    const Compiled compiled = world_.run();
    EXPECT_TRUE(verdict_of(compiled, "ModelRoute demo/chat").findings.empty());
    EXPECT_TRUE(rule_of(compiled, "ModelRoute/demo/chat/main").splits.empty());
}

TEST_F(ObjectsTest, OtherBackendKindsKeepTheirShareUnanswered) {
    model::RouteRule one = rule("main");
    one.backend_refs.push_back(ref("pool"));
    one.backend_refs[1].kind = "InferencePool";
    world_.add(route("chat", {one}));
    const Compiled compiled = world_.run();
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "ModelRoute demo/chat")),
        (Texts{"refused unsupported_value spec.rules[0].backendRefs[1].kind"})
    );
    EXPECT_EQ(
        rule_of(compiled, "ModelRoute/demo/chat/main").splits.at(1).refuse,
        Reason::backend_not_found
    );
}

TEST_F(ObjectsTest, PrefixReplacementRefusesOnlyMatchesWithoutPrefix) {
    model::RouteFilter filter{.type = model::FilterType::url_rewrite};
    filter.url_rewrite = model::UrlRewrite{"", model::PathModifier{.replace_prefix_match = "/new"}};
    model::RouteRule one = rule("main");
    one.filters = {filter};
    one.matches = {
        path_match(PathMatchType::exact, "/a"),
        path_match(PathMatchType::regular_expression, "/b"),
        path_match(PathMatchType::path_prefix, "/c"),
        {}
    };
    world_.add(route("chat", {one}));
    const Compiled compiled = world_.run();
    EXPECT_EQ(
        matches_of(compiled, ""),
        (Texts{"prefix  -> ModelRoute/demo/chat/main", "prefix /c -> ModelRoute/demo/chat/main"})
    );
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "ModelRoute demo/chat")),
        (Texts{
            "refused unsupported_value spec.rules[0].matches[0].path.type",
            "refused unsupported_value spec.rules[0].matches[1].path.type"
        })
    );
}

TEST_F(ObjectsTest, OnlyUsedBackendsAreInTheTable) {
    world_.add(service("b"));
    world_.add(slice("a", {"10.0.0.1"}));
    world_.add(slice("b", {"10.0.0.2"}));
    world_.add(ingress("old", "h.org", {path(PathType::prefix, "/", "a")}, "2020-01-01T00:00:00Z"));
    world_.add(ingress("new", "h.org", {path(PathType::prefix, "/", "b")}, "2021-01-01T00:00:00Z"));
    const Compiled compiled = world_.run();
    ASSERT_EQ(compiled.routes.backends.size(), 1u);
    EXPECT_EQ(compiled.routes.backends[0].name, "Service/demo/a/http");
    ASSERT_EQ(compiled.endpoints.sets.size(), 1u);
    EXPECT_EQ(compiled.endpoints.sets[0].backend, compiled.routes.backends[0].key);
}

TEST_F(ObjectsTest, BackendWithoutEndpointsHasAnEmptySet) {
    world_.add(ingress("web", "h.org", {path(PathType::prefix, "/")}));
    const Compiled compiled = world_.run();
    ASSERT_EQ(compiled.endpoints.sets.size(), 1u);
    EXPECT_TRUE(compiled.endpoints.sets[0].endpoints.empty());
    EXPECT_EQ(
        verdict_of(compiled, "Ingress demo/web").rules.at(0).backends.at(0).effective_weight, 0u
    );
}

TEST_F(ObjectsTest, BackendsHoldTheirLimit) {
    world_.add(service("b"));
    world_.add(ingress(
        "web",
        "h.org",
        {path(PathType::prefix, "/a", "a"),
         path(PathType::prefix, "/b", "b"),
         path(PathType::prefix, "/c", "a")}
    ));
    for (const size_t cap : {2u, 1u}) {
        const Routed routed = Compiler(world_.options, Caps{.backends = cap}).run(world_.snapshot);
        const Compiled compiled{table::joined(routed.routes), {}, values_of(routed.verdicts)};
        const Verdict& verdict = verdict_of(compiled, "Ingress demo/web");
        EXPECT_EQ(compiled.routes.backends.size(), cap);
        EXPECT_EQ(verdict.resolved, cap == 2);
        EXPECT_EQ(rule_of(compiled, "Ingress/demo/web/0/2").splits[0].refuse, Reason::ok);
        const Reason second = rule_of(compiled, "Ingress/demo/web/0/1").splits[0].refuse;
        EXPECT_EQ(second, cap == 2 ? Reason::ok : Reason::backend_not_found);
    }
}

TEST_F(ObjectsTest, NamesThatNoTableHoldsAreRefused) {
    world_.add(ingress("we\nb", "h.org", {path(PathType::prefix, "/")}));
    EXPECT_EQ(
        findings("Ingress demo/we\nb"), (Texts{"refused invalid_field spec.rules[0].http.paths[0]"})
    );
    const std::string longest(limits::kNameBytes - std::string("Ingress/demo//0/0").size(), 'a');
    world_.add(ingress(longest, "x.org", {path(PathType::prefix, "/")}));
    world_.add(ingress(longest + "a", "y.org", {path(PathType::prefix, "/")}));
    const Compiled compiled = world_.run();
    EXPECT_EQ(matches_of(compiled, "x.org").size(), 1u);
    EXPECT_TRUE(matches_of(compiled, "y.org").empty());
}

}  // namespace
}  // namespace sluice::compile
