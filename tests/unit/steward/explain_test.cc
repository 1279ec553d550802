// What /explain says: questions, each outcome, and agreement with the workers' own match over
// random tables.
#include "proxy/steward/explain.h"

#include <map>
#include <random>

#include <nlohmann/json.hpp>

#include "proxy/http/h1_codec.h"
#include "proxy/route/match.h"
#include "proxy/steward/candidates.h"
#include "proxy/steward/question.h"
#include "table/limits.h"
#include "tests/unit/steward/pod.h"

namespace sluice::steward {
namespace {

using nlohmann::json;
using table::PathKind;
using table::PredicateKind;

TEST(Question, BecomesAHead) {
    EXPECT_EQ(
        head_asked("method=POST&host=a.example&path=/x%20y&header=X-A:1&header=x-b:%20two"),
        "POST /x%20y HTTP/1.1\r\nhost: a.example\r\nX-A: 1\r\nx-b: two\r\n\r\n"
    );
    EXPECT_EQ(head_asked(""), "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(head_asked("path=/a%252Fb?q%3D1%262"), "GET /a%2Fb?q=1&2 HTTP/1.1\r\n\r\n");
}

TEST(Question, WhatCannotBeAsked) {
    EXPECT_NE(head_asked("host=a%0d%0ax:1").error().find("line end"), std::string::npos);
    EXPECT_NE(head_asked("header=none").error().find("name:value"), std::string::npos);
    EXPECT_NE(head_asked("url=/x").error().find("unknown parameter"), std::string::npos);
}

// Three hosts' worth of what a rule may do, over two backends of which one has endpoints.
table::RoutesSpec shop() {
    table::RoutesSpec spec = routes_with({}, "a.example");
    spec.backends.push_back(
        {table::backend_key("Service", "demo", "gone", "http"), "Service/demo/gone/http"}
    );
    const auto add = [&](const std::string& name, auto change) {
        table::RuleSpec rule = spec.rules[0];
        rule.name = "ModelRoute/demo/" + name + "/default";
        rule.key = table::key128({rule.name});
        change(rule);
        spec.rules.push_back(rule);
        return static_cast<uint32_t>(spec.rules.size() - 1);
    };
    auto& matches = spec.hosts[0].matches;
    matches.clear();
    const auto prefix = [&](const std::string& path, uint32_t rule) {
        matches.push_back({PathKind::prefix, path, {}, rule});
    };
    const uint32_t beta = add("beta", [](auto&) {});
    matches.push_back({PathKind::prefix, "", {{PredicateKind::header_exact, "x-beta", "yes"}}, beta}
    );
    prefix("", 0);
    prefix("/moved", add("moved", [](table::RuleSpec& rule) {
               rule.splits.clear();
               rule.redirect = table::RedirectSpec{.status = 301, .scheme = "https", .host = ""};
           }));
    prefix("/down", add("down", [](table::RuleSpec& rule) { rule.splits = {{1, Reason::ok, 1}}; }));
    prefix("/missing", add("missing", [](table::RuleSpec& rule) {
               rule.splits = {{1, Reason::backend_not_found}};
           }));
    prefix("/canary", add("canary", [](table::RuleSpec& rule) {
               rule.splits = {{90, Reason::ok, 0}, {10, Reason::ok, 1}};
           }));
    prefix("/old", add("rewritten", [](table::RuleSpec& rule) {
               rule.rewrite_kind = table::RewriteKind::prefix;
               rule.rewrite_path = "/new";
               rule.rewrite_host = "inner.example";
           }));
    const uint32_t by_pattern = add("pattern", [](auto&) {});
    matches.push_back({PathKind::regex, "/v[0-9]+/.*", {}, by_pattern});
    return spec;
}

struct ExplainTest : testing::Test {
    ExplainTest() { pod.run(routes_bytes(shop()), endpoints_bytes(8'000)); }
    json ask(const std::string& query) {
        const Response response = explainer.answer(query);
        EXPECT_EQ(response.status, 200U) << response.body;
        return json::parse(response.body);
    }
    test::Pod pod;
    Explainer explainer{pod.mapping, pod.current};
};

TEST_F(ExplainTest, AForwardedRequest) {
    live::Loads loads(pod.mapping, 1);
    loads.begin(pod.current.get()->endpoints->slots[0]);
    const json told = ask("host=A.example:80&path=/x/../page?q=1");
    EXPECT_EQ(told["generation"], 1);
    EXPECT_EQ(told["outcome"], "forwarded");
    EXPECT_EQ(told["request"]["host"], "a.example");
    EXPECT_EQ(told["request"]["path"], "/page");
    EXPECT_EQ(told["request"]["canonical"], false);
    EXPECT_EQ(told["rule"]["name"], "ModelRoute/demo/chat/default");
    EXPECT_EQ(told["rule"]["timeouts_ms"]["connect"], 1'000);
    EXPECT_EQ(told["upstream"]["backend"], "Service/demo/llama/http");
    EXPECT_EQ(told["upstream"]["target"], "/page?q=1");
    const json endpoint{{"name", "llama-0"}, {"address", "10.0.0.1:8000"}, {"in_flight", 1}};
    EXPECT_EQ(told["upstream"]["endpoint"], endpoint);
    EXPECT_EQ(told["upstream"]["endpoints"], json::array({endpoint}));
}

TEST_F(ExplainTest, WhatWasTriedAndByWhatItLost) {
    const json tried = ask("host=a.example&path=/page&header=x-beta:no")["tried"];
    ASSERT_EQ(tried.size(), 3U) << tried;
    EXPECT_EQ(tried[0]["path_kind"], "regex");
    EXPECT_EQ(tried[0]["missed"], (json{{"kind", "path_regex"}, {"wanted", "/v[0-9]+/.*"}}));
    EXPECT_EQ(tried[1]["rule"], "ModelRoute/demo/beta/default");
    EXPECT_EQ(
        tried[1]["missed"], (json{{"kind", "header_exact"}, {"name", "x-beta"}, {"wanted", "yes"}})
    );
    EXPECT_EQ(tried[2]["holds"], true);
    EXPECT_EQ(tried[2]["host_kind"], "exact");
    EXPECT_EQ(
        ask("host=a.example&path=/page&header=X-Beta:yes")["rule"]["name"],
        "ModelRoute/demo/beta/default"
    );
}

TEST_F(ExplainTest, ARequestHasAnIdBeforeItIsMatched) {
    table::RoutesSpec spec = shop();
    spec.hosts[0].matches = {
        {PathKind::prefix, "", {{PredicateKind::header_regex, "x-request-id", ".+"}}, 0}
    };
    pod.run(routes_bytes(spec), endpoints_bytes(8'000));
    EXPECT_EQ(ask("host=a.example")["outcome"], "forwarded");
    EXPECT_EQ(ask("host=a.example&header=x-request-id:mine")["outcome"], "forwarded");
}

TEST_F(ExplainTest, SharesOfWhatCanBeUsed) {
    const json told = ask("host=a.example&path=/canary");
    const json splits = told["rule"]["splits"];
    ASSERT_EQ(splits.size(), 2U);
    EXPECT_EQ(splits[0]["weight"], 90);
    EXPECT_EQ(splits[0]["share"], 1.0);
    EXPECT_EQ(splits[1]["usable"], false);
    EXPECT_EQ(splits[1]["share"], 0.0);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(
            ask("host=a.example&path=/canary")["upstream"]["backend"], "Service/demo/llama/http"
        );
    }
}

TEST_F(ExplainTest, RedirectsAndRewrites) {
    const json moved = ask("host=a.example&path=/moved/x");
    EXPECT_EQ(moved["outcome"], "redirected");
    EXPECT_EQ(moved["redirect"]["status"], 301);
    EXPECT_EQ(moved["redirect"]["location"], "https://a.example/moved/x");
    const json old = ask("host=a.example&path=/old/x?y");
    EXPECT_EQ(old["upstream"]["target"], "/new/x?y");
    EXPECT_EQ(old["upstream"]["authority"], "inner.example");
}

TEST_F(ExplainTest, RefusalsHaveTheReasonThatAWorkerGives) {
    const std::map<std::string, std::string> wanted{
        {"host=b.example", "no_host"},
        {"path=/", "host_missing"},
        {"host=a.example&path=/a%252fb", "bad_path"},
        {"host=a.example&path=/a%2500", "bad_path"},
        {"host=a.example&path=x", "bad_target"},
        {"host=a.example&method=G%20T", "bad_request_line"},
        {"host=a.example&host=a.example", "host_repeated"},
        {"host=a.example&header=a%20b:1", "bad_field_name"},
        {"host=a.example&header=x:%00", "bad_field_value"},
        {"host=a.example&header=transfer-encoding:x", "bad_transfer_encoding"},
        {"host=a.example&path=/down", "no_endpoints"},
        {"host=a.example&path=/missing", "backend_not_found"},
        {"host=a.example&header=connection:upgrade&header=upgrade:x", "upgrade_unsupported"},
    };
    for (const auto& [query, reason] : wanted) {
        const json told = ask(query);
        EXPECT_EQ(told["outcome"], "refused") << query;
        EXPECT_EQ(told["reason"], reason) << query << told;
        EXPECT_FALSE(told.contains("upstream"));
    }
    EXPECT_EQ(ask("host=b.example")["message"], "no route has host b.example");
}

TEST_F(ExplainTest, WithoutATable) {
    const Current nothing;
    Explainer early(pod.mapping, nothing);
    const json told = json::parse(early.answer("host=a.example").body);
    EXPECT_EQ(told["reason"], "table_absent");
    EXPECT_EQ(told["generation"], 0);
}

TEST_F(ExplainTest, ABadQuestionIsRefused) {
    const Response response = explainer.answer("url=x");
    EXPECT_EQ(response.status, 400U);
    EXPECT_EQ(json::parse(response.body)["error"]["code"], "bad_question");
}

TEST_F(ExplainTest, ANewTableIsExplainedAtOnce) {
    EXPECT_EQ(ask("host=a.example&path=/v1/x")["rule"]["name"], "ModelRoute/demo/pattern/default");
    pod.run(routes_bytes(routes_with({"/v[0-9]+/x"}, "a.example")), endpoints_bytes(8'000));
    const json told = ask("host=a.example&path=/v1/x");
    EXPECT_EQ(told["rule"]["name"], "ModelRoute/demo/chat/default");
    EXPECT_EQ(told["generation"], 2);
}

// --- agreement

class Dice {
public:
    explicit Dice(uint64_t seed) : random_(seed) {}
    uint64_t below(uint64_t count) { return random_() % count; }
    std::string path(size_t most) {
        static const std::vector<std::string> kElements = {"a", "ab", "b", "v1", "v2"};
        std::string path;
        for (size_t i = below(most + 1); i > 0; --i) path += "/" + kElements[below(5)];
        return path;
    }
    std::string host() {
        static const std::vector<std::string> kHosts = {
            "a.example.com", "b.example.com", "c.test", "elsewhere.org"
        };
        return kHosts[below(kHosts.size())];
    }
    std::string method() { return below(2) == 0 ? "GET" : "POST"; }
    std::string value() { return std::to_string(below(3)); }

private:
    std::mt19937_64 random_;
};

std::vector<table::PredicateSpec> any_predicates(Dice& dice) {
    std::vector<table::PredicateSpec> predicates;
    if (dice.below(3) == 0) predicates.push_back({PredicateKind::method, "", dice.method()});
    if (dice.below(3) == 0) {
        predicates.push_back({PredicateKind::header_exact, "x-a", dice.value()});
    }
    if (dice.below(3) == 0) predicates.push_back({PredicateKind::query_exact, "q", dice.value()});
    return predicates;
}

table::RoutesSpec any_spec(Dice& dice) {
    table::RoutesSpec spec = routes_with({});
    const table::RuleSpec rule = spec.rules[0];
    spec.rules.clear();
    spec.hosts.clear();
    for (const char* name : {"a.example.com", "*.example.com", "c.test", ""}) {
        table::HostSpec host{name, {}};
        for (size_t i = 1 + dice.below(20); i > 0; --i) {
            const auto index = static_cast<uint32_t>(spec.rules.size());
            spec.rules.push_back(rule);
            spec.rules.back().name = "rule-" + std::to_string(index);
            spec.rules.back().key = table::key128({spec.rules.back().name});
            const uint64_t kind = dice.below(6);
            table::MatchSpec match{PathKind::prefix, dice.path(3), any_predicates(dice), index};
            if (kind == 0) match.path_kind = PathKind::regex, match.path = "/(a|ab)/v[0-9].*";
            if (kind == 1) match.path_kind = PathKind::exact, match.path += "/b";
            host.matches.push_back(match);
        }
        spec.hosts.push_back(host);
    }
    return spec;
}

TEST(ExplainRandom, AThousandRequestsGoWhereTheWorkersMatchSaysTheyGo) {
    std::map<std::string, int> outcomes;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
        Dice dice(seed);
        test::Pod pod;
        pod.run(routes_bytes(any_spec(dice)), endpoints_bytes(8'000));
        Explainer explainer(pod.mapping, pod.current);
        const table::RoutesView& view = pod.current.get()->routes->view;
        const auto regexes = route::Regexes::of(view, nullptr);
        for (int i = 0; i < 50; ++i) {
            const std::string query = "method=" + dice.method() + "&host=" + dice.host() +
                                      "&path=/" + dice.path(4) + "?q%3D" + dice.value() +
                                      "&header=X-A:" + dice.value();
            const std::string bytes = head_asked(query).value();
            http::RequestHead head;
            const auto scratch = std::make_unique<http::Scratch>();
            size_t scanned = 0;
            ASSERT_EQ(
                http::parse_request(bytes, scanned, *scratch, head).state, http::Parse::complete
            ) << bytes;
            const route::Matched matched = route::match(view, regexes, head);
            const std::string wanted =
                matched.rule ? std::string(view.name(*matched.rule)) : "none";
            const json told = json::parse(explainer.answer(query).body);
            const std::string got =
                told.contains("rule") ? told["rule"]["name"].get<std::string>() : "none";
            ASSERT_EQ(got, wanted) << "seed " << seed << " " << query;
            // The steps that it tells lead to the same end.
            const Candidates all = candidates(view, regexes, head);
            const bool held = !all.tried.empty() && all.tried.back().holds();
            ASSERT_EQ(held, matched.rule != nullptr) << query;
            if (held) {
                ASSERT_EQ(all.tried.back().match, matched.match) << query;
            }
            ++outcomes[wanted == "none" ? "none" : "some"];
        }
    }
    EXPECT_GT(outcomes["none"], 50);
    EXPECT_GT(outcomes["some"], 500);
}

TEST(ExplainRandom, ListsAsMuchAsIsRead) {
    table::RoutesSpec spec = routes_with({}, "a.example");
    spec.hosts[0].matches.clear();
    for (size_t i = 0; i <= kCandidatesListed; ++i) {
        spec.hosts[0].matches.push_back(
            {PathKind::prefix, "", {{PredicateKind::header_exact, "x", std::to_string(i)}}, 0}
        );
    }
    test::Pod pod;
    pod.run(routes_bytes(spec), endpoints_bytes(8'000));
    Explainer explainer(pod.mapping, pod.current);
    const json told = json::parse(explainer.answer("host=a.example").body);
    EXPECT_EQ(told["tried"].size(), kCandidatesListed);
    EXPECT_EQ(told["tried_more"], 1);
}

}  // namespace
}  // namespace sluice::steward
