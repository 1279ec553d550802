// Objects that no decoder would let through: whatever they hold, the compiler ends, says why, and
// makes a table that the builder and the proxy take.
#include <gtest/gtest.h>
#include <random>

#include "table/builder.h"
#include "table/limits.h"
#include "table/view.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;

void expect_table(const Compiled& compiled) {
    const auto routes = table::build_routes(compiled.routes);
    ASSERT_TRUE(routes) << routes.error().message;
    const auto endpoints = table::build_endpoints(compiled.endpoints);
    ASSERT_TRUE(endpoints) << endpoints.error().message;
    const auto routes_view = table::RoutesView::verify(*routes);
    EXPECT_TRUE(routes_view) << routes_view.error().message;
    const auto endpoints_view = table::EndpointsView::verify(*endpoints);
    EXPECT_TRUE(endpoints_view) << endpoints_view.error().message;
}

// Draws from few texts, so that objects meet, and from nasty ones.
class Chance {
public:
    explicit Chance(uint32_t seed) : random_(seed) {}
    size_t below(size_t bound) {
        return std::uniform_int_distribution<size_t>(0, bound - 1)(random_);
    }
    bool often() { return below(4) != 0; }
    std::string text() {
        static const std::string kTexts[] = {
            "",
            "a",
            "b",
            "/",
            "/a",
            "/a/",
            "/a/b",
            "a.org",
            "*.a.org",
            "A.ORG",
            "80",
            "http",
            "x-a",
            std::string("a\0b", 3),
            "a\nb",
            "\x7f",
            "\xff\xfe",
            "../..",
            "/a/../b",
            "/%2e%2e",
            "/%00",
            "//",
            "[",
            "(?P<",
            "{{ }}",
            "127.0.0.1",
            "10.0.0.1",
            "::1",
            "fd00::1",
            std::string(300, 'a'),
            std::string(70'000, '/'),
            "GET",
            "*",
            "2020-01-01T00:00:00Z",
            "sluice",
            "Service",
            "é"
        };
        return kTexts[below(std::size(kTexts))];
    }
    int32_t number() {
        static const int32_t kNumbers[] = {
            0, 1, -1, 80, 65535, 65536, 1'000'000, 1'000'001, INT32_MAX, INT32_MIN
        };
        return kNumbers[below(std::size(kNumbers))];
    }
    std::optional<int64_t> time() {
        if (often()) return std::nullopt;
        return int64_t{number()};
    }
    std::string usual(std::string text_mostly) { return often() ? std::move(text_mostly) : text(); }

private:
    std::mt19937 random_;
};

model::Meta any_meta(Chance& chance) {
    model::Meta out = meta(
        chance.usual("n" + std::to_string(chance.below(6))), chance.text(), chance.usual("demo")
    );
    out.annotations[chance.text()] = chance.text();
    out.annotations["nginx.ingress.kubernetes.io/" + chance.text()] = chance.text();
    return out;
}

model::Ingress any_ingress(Chance& chance) {
    model::Ingress out;
    out.meta = any_meta(chance);
    out.class_name = chance.usual("sluice");
    if (!chance.often())
        out.default_backend = path(model::PathType::prefix, "", chance.text()).backend;
    for (size_t i = chance.below(4); i > 0; --i) {
        model::IngressRule one;
        one.host = chance.usual("a.org");
        for (size_t j = chance.below(5); j > 0; --j) {
            one.paths.push_back(path(
                static_cast<model::PathType>(chance.below(3)), chance.text(), chance.usual("a")
            ));
            one.paths.back().backend.port = {chance.text(), chance.number()};
            if (!chance.often()) one.paths.back().backend.resource = chance.text();
        }
        out.rules.push_back(std::move(one));
    }
    return out;
}

model::RouteFilter any_filter(Chance& chance) {
    model::RouteFilter out{.type = static_cast<model::FilterType>(chance.below(4))};
    model::HeaderModifier modifier;
    modifier.set = {{chance.usual("x"), chance.text()}};
    modifier.remove = {chance.usual("y")};
    if (chance.often()) out.request_header_modifier = modifier;
    if (chance.often()) out.response_header_modifier = modifier;
    model::PathModifier modifier_of_path;
    if (chance.often()) modifier_of_path.replace_prefix_match = chance.text();
    if (!chance.often()) modifier_of_path.replace_full_path = chance.text();
    if (chance.often()) out.url_rewrite = model::UrlRewrite{chance.text(), modifier_of_path};
    if (chance.often()) {
        out.request_redirect = model::RequestRedirect{
            chance.usual("https"),
            chance.usual("b.org"),
            chance.number(),
            chance.often() ? 301 : chance.number(),
            modifier_of_path
        };
    }
    return out;
}

model::RouteMatch any_match(Chance& chance) {
    model::RouteMatch out;
    out.path =
        model::PathMatch{static_cast<model::PathMatchType>(chance.below(3)), chance.usual("/a")};
    for (size_t i = chance.below(30); i > 0; --i) {
        const auto type = static_cast<model::ValueMatchType>(chance.below(2));
        (chance.often() ? out.headers : out.query_params)
            .push_back({type, chance.usual("h" + std::to_string(i)), chance.text()});
    }
    out.method = chance.usual("");
    return out;
}

model::ModelRoute any_route(Chance& chance) {
    model::ModelRoute out;
    out.meta = any_meta(chance);
    out.class_name = chance.usual("sluice");
    for (size_t i = chance.below(3); i > 0; --i) out.hostnames.push_back(chance.usual("a.org"));
    for (size_t i = chance.below(4); i > 0; --i) {
        model::RouteRule one;
        one.name = chance.text();
        for (size_t j = chance.below(4); j > 0; --j) one.matches.push_back(any_match(chance));
        for (size_t j = chance.below(3); j > 0; --j) one.filters.push_back(any_filter(chance));
        for (size_t j = chance.below(40); j > 0; --j) {
            one.backend_refs.push_back(ref(chance.usual("a"), chance.often() ? 1 : chance.number())
            );
            one.backend_refs.back().port = chance.usual("80");
            one.backend_refs.back().kind = chance.usual("Service");
        }
        one.timeouts = {chance.time(), chance.time(), chance.time(), chance.time()};
        out.rules.push_back(std::move(one));
    }
    return out;
}

model::EndpointSlice any_slice(Chance& chance) {
    model::EndpointSlice out = slice("a", {});
    out.meta = any_meta(chance);
    out.service = chance.usual("a");
    out.address_type = static_cast<model::AddressType>(chance.below(3));
    out.ports.push_back({chance.usual("http"), chance.usual("TCP"), chance.number()});
    for (size_t i = chance.below(5); i > 0; --i) {
        model::SliceEndpoint endpoint;
        for (size_t j = chance.below(3); j > 0; --j)
            endpoint.addresses.push_back(chance.usual("10.0.0." + std::to_string(i)));
        if (!chance.often()) endpoint.ready = chance.often();
        if (!chance.often()) endpoint.terminating = chance.often();
        endpoint.pod_name = chance.text();
        endpoint.pod_uid = chance.text();
        out.endpoints.push_back(std::move(endpoint));
    }
    return out;
}

TEST(Hostile, AnyObjectsMakeATableThatTheProxyTakes) {
    size_t rules = 0;
    for (uint32_t seed = 0; seed < 400; ++seed) {
        Chance chance(seed);
        World world;
        for (int i = 0; i < 4; ++i) {
            model::Service one = service(chance.usual("a"));
            one.ports.push_back(
                {.name = chance.text(), .protocol = chance.usual("TCP"), .port = chance.number()}
            );
            world.add(one);
            world.add(any_ingress(chance));
            world.add(any_route(chance));
            world.add(any_slice(chance));
        }
        const Compiled compiled = world.run();
        rules += compiled.routes.rules.size();
        SCOPED_TRACE(seed);
        expect_table(compiled);
        if (HasFatalFailure()) return;
    }
    EXPECT_GT(rules, 400u) << "the objects are so bad that nothing is tested";
}

TEST(Hostile, HugeCountsEndAndStayBounded) {
    World world;
    world.add(service("a"));
    std::vector<model::IngressPath> paths;
    for (int i = 0; i < 20'000; ++i)
        paths.push_back(path(model::PathType::prefix, "/same", "gone" + std::to_string(i)));
    world.add(ingress("web", "h.org", std::move(paths)));
    const Compiled compiled = world.run();
    const Verdict& verdict = verdict_of(compiled, "Ingress demo/web");
    EXPECT_EQ(compiled.routes.rules.size(), 1u);
    EXPECT_EQ(verdict.findings.size(), limits::kFindingsPerObject + 1);
    EXPECT_EQ(verdict.rules.size(), 1u);
}

TEST(Hostile, MillionPortsInASliceAreNoTrouble) {
    World world;
    world.add(service("a"));
    world.add(ingress("web", "h.org", {path(model::PathType::prefix, "/")}));
    model::EndpointSlice many = slice("a", {"10.0.0.1"});
    for (int i = 0; i < 1'000'000; ++i) many.ports.push_back({"other", "TCP", 1});
    world.add(many);
    EXPECT_EQ(world.run().endpoints.sets.at(0).endpoints.size(), 1u);
}

TEST(Hostile, NothingGivesAnEmptyTable) {
    const Compiled compiled = World().run();
    EXPECT_TRUE(compiled.verdicts.empty());
    expect_table(compiled);
}

}  // namespace
}  // namespace sluice::compile
