// Tests the table of ModelRoute: every field, and every bound.
#include "table/limits.h"
#include "tests/unit/model/decoding.h"

namespace sluice::model {
namespace {

std::string route(const std::string& spec) {
    return R"({"apiVersion":"sluice.dev/v1alpha1","kind":"ModelRoute",)"
           R"("metadata":{"name":"chat"},"spec":)" +
           spec + "}";
}
std::string with_rule(const std::string& rule) {
    return route(R"({"rules":[)" + rule + "]}");
}
std::string with_match(const std::string& match) {
    return with_rule(R"({"matches":[)" + match + "]}");
}
std::string with_backend(const std::string& backend) {
    return with_rule(R"({"backendRefs":[)" + backend + "]}");
}
std::string with_timeouts(const std::string& timeouts) {
    return with_rule(R"({"timeouts":)" + timeouts + "}");
}

// A spec that uses every field.
const std::string kFull = R"({
        "ingressClassName": "sluice",
        "hostnames": ["chat.example.com", "*.models.example.com"],
        "rules": [{
            "name": "main",
            "matches": [{
                "path": {"type": "RegularExpression", "value": "/v[0-9]+/.*"},
                "headers": [{"name": "X-Team", "value": "a"}, {"type": "RegularExpression",
                    "name": "x-b", "value": "b.*"}],
                "queryParams": [{"type": "Exact", "name": "q", "value": ""}],
                "method": "POST"}],
            "filters": [
                {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a",
                    "value": "1"}], "add": [{"name": "b", "value": "2"}], "remove": ["c"]}},
                {"type": "ResponseHeaderModifier",
                    "responseHeaderModifier": {"remove": ["server"]}},
                {"type": "URLRewrite", "urlRewrite": {"hostname": "in.example.com",
                    "path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": ""}}}],
            "backendRefs": [{"name": "one", "port": 8000, "weight": 90}, {"kind": "Service",
                "name": "two", "port": "http", "weight": 0}, {"name": "three", "port": 1}],
            "loadBalancing": {"policy": "RoundRobin"},
            "timeouts": {"connect": "1ms", "firstToken": "5m", "idle": "500ms", "request": "24h"}
        }, {
            "filters": [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https",
                "hostname": "new.example.com", "port": 8443, "statusCode": 308,
                "path": {"type": "ReplaceFullPath", "replaceFullPath": "/new"}}}]
        }]})";

TEST(ModelRoute, EveryField) {
    const auto object = decode_good<ModelRoute>(route(kFull));
    EXPECT_EQ(object->class_name, "sluice");
    EXPECT_EQ(object->hostnames.size(), 2u);
    ASSERT_EQ(object->rules.size(), 2u);
    const RouteRule& rule = object->rules[0];
    EXPECT_EQ(rule.name, "main");
    ASSERT_EQ(rule.matches.size(), 1u);
    EXPECT_EQ(rule.matches[0].path->type, PathMatchType::regular_expression);
    EXPECT_EQ(rule.matches[0].path->value, "/v[0-9]+/.*");
    ASSERT_EQ(rule.matches[0].headers.size(), 2u);
    EXPECT_EQ(rule.matches[0].headers[0].name, "X-Team");
    EXPECT_EQ(rule.matches[0].headers[0].type, ValueMatchType::exact);
    EXPECT_EQ(rule.matches[0].headers[1].type, ValueMatchType::regular_expression);
    EXPECT_EQ(rule.matches[0].query_params.at(0).value, "");
    EXPECT_EQ(rule.matches[0].method, "POST");
    ASSERT_EQ(rule.filters.size(), 3u);
    EXPECT_EQ(rule.filters[0].type, FilterType::request_header_modifier);
    EXPECT_EQ(rule.filters[0].request_header_modifier->set.at(0).value, "1");
    EXPECT_EQ(rule.filters[0].request_header_modifier->add.at(0).name, "b");
    EXPECT_EQ(rule.filters[0].request_header_modifier->remove.at(0), "c");
    EXPECT_EQ(rule.filters[1].response_header_modifier->remove.at(0), "server");
    EXPECT_EQ(rule.filters[2].url_rewrite->hostname, "in.example.com");
    EXPECT_EQ(rule.filters[2].url_rewrite->path->replace_prefix_match, "");
    EXPECT_EQ(rule.filters[2].url_rewrite->path->replace_full_path, std::nullopt);
    ASSERT_EQ(rule.backend_refs.size(), 3u);
    EXPECT_EQ(rule.backend_refs[0].port, "8000");
    EXPECT_EQ(rule.backend_refs[0].weight, 90);
    EXPECT_EQ(rule.backend_refs[1].port, "http");
    EXPECT_EQ(rule.backend_refs[1].weight, 0);
    EXPECT_EQ(rule.backend_refs[2].kind, "Service");
    EXPECT_EQ(rule.backend_refs[2].weight, 1);
    EXPECT_EQ(rule.policy, LoadBalancingPolicy::round_robin);
    EXPECT_EQ(rule.timeouts.connect_ms, 1);
    EXPECT_EQ(rule.timeouts.first_token_ms, 300'000);
    EXPECT_EQ(rule.timeouts.idle_ms, 500);
    EXPECT_EQ(rule.timeouts.request_ms, 24 * 3600 * 1000);
    const RequestRedirect& redirect = *object->rules[1].filters[0].request_redirect;
    EXPECT_EQ(redirect.scheme, "https");
    EXPECT_EQ(redirect.hostname, "new.example.com");
    EXPECT_EQ(redirect.port, 8443);
    EXPECT_EQ(redirect.status_code, 308);
    EXPECT_EQ(redirect.path->replace_full_path, "/new");
    EXPECT_EQ(object->rules[1].policy, LoadBalancingPolicy::least_requests);
    EXPECT_EQ(object->rules[1].timeouts.request_ms, std::nullopt);
}

TEST(ModelRoute, Defaults) {
    const auto object = decode_good<ModelRoute>(with_rule(
        R"({"matches":[{"path":{}},{}],"filters":[{"type":"RequestRedirect",
            "requestRedirect":{}}]})"
    ));
    EXPECT_EQ(object->class_name, std::nullopt);
    const RouteRule& rule = object->rules[0];
    EXPECT_EQ(rule.matches[0].path->type, PathMatchType::path_prefix);
    EXPECT_EQ(rule.matches[0].path->value, "/");
    EXPECT_EQ(rule.matches[1].path, std::nullopt);
    EXPECT_EQ(rule.filters[0].request_redirect->status_code, 302);
}

TEST(ModelRoute, PlacesOfRulesMatchesFiltersAndBackends) {
    const auto object =
        decode_good<ModelRoute>(route("{\"rules\":[\n{\"loadBalancing\":{\"policy\":\"RoundRobin\"}"
                                      ",\"matches\":[\n {}],\"filters\":[\n  "
                                      "{\"type\":\"URLRewrite\",\"urlRewrite\":{}}],"
                                      "\"backendRefs\":[\n   {\"name\":\"a\",\"port\":1}]}]}"));
    const RouteRule& rule = object->rules[0];
    EXPECT_EQ(rule.place.line, 2);
    EXPECT_EQ(rule.place.column, 1);
    EXPECT_EQ(rule.matches[0].place.line, 3);
    EXPECT_EQ(rule.filters[0].place.line, 4);
    EXPECT_EQ(rule.backend_refs[0].place.line, 5);
    EXPECT_EQ(rule.backend_refs[0].place.column, 4);
}

// Each list of the kind: its limit, and its limit plus one.
TEST(ModelRoute, ListsHaveLimits) {
    struct List {
        size_t most;
        std::string before, item, after;
    };
    const std::string header = R"({"name":"h#","value":"v"})";
    const std::string edit =
        R"({"rules":[{"filters":[{"type":"RequestHeaderModifier","requestHeaderModifier":{)";
    const List lists[] = {
        {16, R"({"rules":[{}],"hostnames":)", R"("h#.com")", "}"},
        {16, R"({"rules":)", "{}", "}"},
        {8, R"({"rules":[{"matches":)", "{}", "}]}"},
        {16, R"({"rules":[{"matches":[{"headers":)", header, "}]}]}"},
        {16, R"({"rules":[{"matches":[{"queryParams":)", header, "}]}]}"},
        {16, R"({"rules":[{"filters":)", R"({"type":"URLRewrite","urlRewrite":{}})", "}]}"},
        {16, edit + R"("set":)", header, "}}]}]}"},
        {16, edit + R"("add":)", header, "}}]}]}"},
        {16, edit + R"("remove":)", R"("h#")", "}}]}]}"},
        {32, R"({"rules":[{"backendRefs":)", R"({"name":"a#","port":1})", "}]}"},
    };
    for (const List& list : lists) {
        const auto with = [&](size_t count) {
            return problems_of(route(list.before + list_of_items(list.item, count) + list.after));
        };
        EXPECT_EQ(with(list.most), Problems{}) << list.before;
        const Problems over = with(list.most + 1);
        ASSERT_EQ(over.size(), 1u) << list.before;
        const std::string most = "at most " + std::to_string(list.most) + " are allowed";
        EXPECT_NE(over[0].find(most), std::string::npos) << over[0];
    }
}

TEST(ModelRoute, NeedsRules) {
    EXPECT_EQ(problems_of(route("{}")), Problems{"spec.rules: is required"});
    EXPECT_EQ(problems_of(route(R"({"rules":[]})")).size(), 1u);
}

TEST(ModelRoute, FieldsOfLaterVersionsAreRefused) {
    EXPECT_EQ(
        problems_of(route(
                        R"({"models":[],"rules":[{"retry":{},"backendRefs":[{"name":"a","port":1,
                    "priority":1}]}]})"
                    ))
            .size(),
        3u
    );
}

TEST(ModelRoute, RuleNamesAreUniqueIndexesIncluded) {
    EXPECT_EQ(problems_of(route(R"({"rules":[{"name":"a"},{"name":"b"},{}]})")), Problems{});
    EXPECT_EQ(
        problems_of(route(R"({"rules":[{"name":"a"},{"name":"a"}]})")),
        Problems{R"(spec.rules[1].name: "a" names two rules of this route: rename one)"}
    );
    EXPECT_EQ(
        problems_of(route(R"({"rules":[{"name":"1"},{}]})")),
        Problems{R"(spec.rules[1].name: "1" names two rules of this route: rename one)"}
    );
    EXPECT_EQ(problems_of(with_rule(R"({"name":"A"})")).size(), 1u);
}

TEST(ModelRoute, Hostnames) {
    EXPECT_EQ(problems_of(route(R"({"rules":[{}],"hostnames":["a","*.b.c"]})")), Problems{});
    EXPECT_EQ(
        problems_of(route(R"({"rules":[{}],"hostnames":["*","10.0.0.1","A.com",""]})")).size(), 4u
    );
}

TEST(ModelRoute, Paths) {
    const auto path = [](const std::string& type, const std::string& value) {
        return problems_of(
            with_match(R"({"path":{"type":")" + type + R"(","value":")" + value + "\"}}")
        );
    };
    EXPECT_EQ(path("Exact", "/a/b"), Problems{});
    EXPECT_EQ(
        path("PathPrefix", "v1"),
        Problems{R"(spec.rules[0].matches[0].path.value: "v1" must begin with '/')"}
    );
    EXPECT_EQ(path("Exact", "/a//b").size(), 1u);
    EXPECT_EQ(path("Exact", "/a\\n").size(), 1u);
    EXPECT_EQ(path("Exact", "").size(), 1u);
    EXPECT_EQ(path("RegularExpression", "a//b"), Problems{});
    EXPECT_EQ(path("RegularExpression", "").size(), 1u);
    EXPECT_EQ(
        path("Prefix", "/"),
        Problems{
            "spec.rules[0].matches[0].path.type: \"Prefix\" is not known: use Exact, PathPrefix or "
            "RegularExpression"
        }
    );
    EXPECT_EQ(path("Exact", '/' + std::string(limits::kPathBytes - 1, 'a')), Problems{});
    EXPECT_EQ(path("Exact", '/' + std::string(limits::kPathBytes, 'a')).size(), 1u);
    EXPECT_EQ(path("RegularExpression", std::string(limits::kRegexBytes, 'a')), Problems{});
    EXPECT_EQ(path("RegularExpression", std::string(limits::kRegexBytes + 1, 'a')).size(), 1u);
}

TEST(ModelRoute, HeaderAndQueryMatches) {
    const auto header = [](const std::string& match) {
        return problems_of(with_match(R"({"headers":[)" + match + "]}"));
    };
    const auto query = [](const std::string& match) {
        return problems_of(with_match(R"({"queryParams":[)" + match + "]}"));
    };
    const auto named =
        [](const std::string& name, const std::string& value, const char* type = "Exact") {
            return R"({"type":")" + std::string(type) + R"(","name":")" + name + R"(","value":")" +
                   value + "\"}";
        };
    EXPECT_EQ(header(named("x-a", "")), Problems{});
    EXPECT_EQ(header(named("host", "a")), Problems{}) << "matching on any header is fine";
    EXPECT_EQ(header(named("a b", "a")).size(), 1u);
    EXPECT_EQ(header(named("a", "b\\r\\nc")).size(), 1u);
    EXPECT_EQ(header(named("a", "", "RegularExpression")).size(), 1u);
    EXPECT_EQ(header(named("a", "b", "Prefix")).size(), 1u);
    EXPECT_EQ(
        header(R"({"name":"a"})"),
        Problems{"spec.rules[0].matches[0].headers[0].value: is required"}
    );
    EXPECT_EQ(header(named(std::string(limits::kFieldNameBytes, 'a'), "b")), Problems{});
    EXPECT_EQ(header(named(std::string(limits::kFieldNameBytes + 1, 'a'), "b")).size(), 1u);
    EXPECT_EQ(header(named("a", std::string(4096, 'b'))), Problems{});
    EXPECT_EQ(header(named("a", std::string(4097, 'b'))).size(), 1u);
    EXPECT_EQ(
        header(named("a", std::string(limits::kRegexBytes, 'b'), "RegularExpression")), Problems{}
    );
    EXPECT_EQ(
        header(named("a", std::string(limits::kRegexBytes + 1, 'b'), "RegularExpression")).size(),
        1u
    );
    EXPECT_EQ(query(named("any name é", " x ")), Problems{});
    EXPECT_EQ(query(named("", "x")).size(), 1u);
    EXPECT_EQ(query(named("a", "x\\n")).size(), 1u);
}

TEST(ModelRoute, Methods) {
    for (const char* method :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
        EXPECT_EQ(
            problems_of(with_match(R"({"method":")" + std::string(method) + "\"}")), Problems{}
        );
    }
    EXPECT_EQ(problems_of(with_match(R"({"method":"get"})")).size(), 1u);
}

TEST(ModelRoute, Backends) {
    EXPECT_EQ(
        problems_of(with_backend(R"({"kind":"Pod","name":"a","port":1})")),
        Problems{"spec.rules[0].backendRefs[0].kind: \"Pod\" is not known: use Service"}
    );
    EXPECT_EQ(
        problems_of(with_backend("{}")),
        (Problems{
            "spec.rules[0].backendRefs[0].name: is required",
            "spec.rules[0].backendRefs[0].port: is required"
        })
    );
    EXPECT_EQ(problems_of(with_backend(R"({"name":"a","port":65536})")).size(), 1u);
    EXPECT_EQ(problems_of(with_backend(R"({"name":"a","port":"8000"})")).size(), 1u);
    EXPECT_EQ(problems_of(with_backend(R"({"name":"a","port":1,"weight":1000000})")), Problems{});
    EXPECT_EQ(
        problems_of(with_backend(R"({"name":"a","port":1,"weight":1000001})")),
        Problems{"spec.rules[0].backendRefs[0].weight: 1000001 must be from 0 to 1000000"}
    );
    EXPECT_EQ(problems_of(with_backend(R"({"name":"a","port":1,"weight":-1})")).size(), 1u);
    EXPECT_EQ(problems_of(with_backend(R"({"name":"a","port":1,"weight":0.5})")).size(), 1u);
}

TEST(ModelRoute, Timeouts) {
    EXPECT_EQ(problems_of(with_timeouts(R"({"connect":"24h"})")), Problems{});
    for (const char* bad : {"0s", "24h1ms", "1.5s", "1", ""}) {
        EXPECT_EQ(
            problems_of(with_timeouts(R"({"request":")" + std::string(bad) + "\"}")).size(), 1u
        ) << bad;
    }
    EXPECT_EQ(
        problems_of(with_timeouts(R"({"idle":5})")),
        Problems{
            "spec.rules[0].timeouts.idle: is the number 5 without a unit: write 5s for seconds, or "
            "5ms"
        }
    );
}

TEST(ModelRoute, LoadBalancing) {
    EXPECT_EQ(
        problems_of(with_rule(R"({"loadBalancing":{"policy":"LeastRequests"}})")), Problems{}
    );
    EXPECT_EQ(
        problems_of(with_rule(R"({"loadBalancing":{"policy":"Random"}})")),
        Problems{"spec.rules[0].loadBalancing.policy: \"Random\" is not known: use LeastRequests "
                 "or RoundRobin"}
    );
}

TEST(ModelRoute, StatusIsFree) {
    const std::string object = with_rule("{}");
    EXPECT_EQ(
        problems_of(
            object.substr(0, object.size() - 1) + R"(,"status":{"anything":[1,{"x":null}]}})"
        ),
        Problems{}
    );
}

TEST(ModelRoute, EqualityLooksAtTheWeight) {
    const auto with = [](const std::string& weight) {
        return decode_good<ModelRoute>(
            with_backend(R"({"name":"a","port":1,"weight":)" + weight + "}")
        );
    };
    EXPECT_EQ(*with("10"), *with("\n10"));
    EXPECT_FALSE(*with("10") == *with("11"));
}

}  // namespace
}  // namespace sluice::model
