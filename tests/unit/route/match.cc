// The order of candidates and each kind of condition, case by case; hostile and deep paths.
#include "proxy/route/match.h"

#include <gtest/gtest.h>

#include "table/limits.h"
#include "tests/unit/route/fixture.h"

namespace sluice::route {
namespace {

using table::PathKind;
using table::PredicateKind;
using table::PredicateSpec;

PredicateSpec method(std::string value) {
    return {PredicateKind::method, "", std::move(value)};
}
PredicateSpec header(std::string name, std::string value) {
    return {PredicateKind::header_exact, std::move(name), std::move(value)};
}

// A table under construction and what it answers. Rules are named rule-0, rule-1 … in order of
// addition.
class MatchTest : public testing::Test {
protected:
    uint32_t add(
        const std::string& host,
        PathKind kind,
        const std::string& path,
        std::vector<PredicateSpec> predicates = {}
    ) {
        for (auto& known : spec_.hosts) {
            if (known.name == host) return add_match(spec_, known, kind, path, predicates);
        }
        spec_.hosts.push_back({host, {}});
        return add_match(spec_, spec_.hosts.back(), kind, path, std::move(predicates));
    }
    // The rule's name, or "none".
    std::string ask(const Request& request) {
        const Table table(spec_);
        const Regexes regexes = Regexes::of(table.view, nullptr);
        const Matched matched = match(table.view, regexes, request.head);
        host_known_ = matched.host_known;
        if (matched.rule == nullptr) {
            EXPECT_EQ(matched.match, nullptr);
            return "none";
        }
        EXPECT_EQ(&table.view.rules()[matched.match->rule], matched.rule);
        path_length_ = matched.match->path_length;
        return std::string(table.view.name(*matched.rule));
    }
    std::string ask(std::string_view host, std::string_view path) {
        return ask(Request(host, path));
    }

    table::RoutesSpec spec_;
    bool host_known_ = false;
    size_t path_length_ = 0;
};

TEST_F(MatchTest, an_empty_table_knows_nothing) {
    EXPECT_EQ(ask("a.test", "/"), "none");
    EXPECT_FALSE(host_known_);
}

TEST_F(MatchTest, hosts_exact_before_wildcard_before_any) {
    add("a.example.com", PathKind::prefix, "");
    add("*.example.com", PathKind::prefix, "");
    add("", PathKind::prefix, "");
    EXPECT_EQ(ask("a.example.com", "/"), "rule-0");
    EXPECT_EQ(ask("b.example.com", "/"), "rule-1");
    EXPECT_EQ(ask("example.com", "/"), "rule-2");
    EXPECT_EQ(ask("x.a.example.com", "/"), "rule-2") << "a wildcard stands for one label";
    EXPECT_EQ(ask("", "/"), "rule-2");
}

TEST_F(MatchTest, a_host_without_a_match_gives_way_to_the_next) {
    add("a.example.com", PathKind::exact, "/only");
    add("*.example.com", PathKind::prefix, "/wild");
    add("", PathKind::prefix, "/any");
    EXPECT_EQ(ask("a.example.com", "/only"), "rule-0");
    EXPECT_EQ(ask("a.example.com", "/wild/x"), "rule-1");
    EXPECT_EQ(ask("a.example.com", "/any"), "rule-2");
    EXPECT_EQ(ask("a.example.com", "/none"), "none");
    EXPECT_TRUE(host_known_);
}

TEST_F(MatchTest, an_unknown_host_is_not_known) {
    add("a.example.com", PathKind::prefix, "");
    EXPECT_EQ(ask("b.example.com", "/"), "none");
    EXPECT_FALSE(host_known_);
}

// https://kubernetes.io/docs/concepts/services-networking/ingress/#examples, each row with a path.
TEST_F(MatchTest, exact_is_the_whole_path) {
    add("", PathKind::exact, "/foo");
    EXPECT_EQ(ask("h", "/foo"), "rule-0");
    for (const char* path : {"/bar", "/foo/", "/fo", "/foo/bar", "/fooo", "/Foo", "/"}) {
        EXPECT_EQ(ask("h", path), "none") << path;
    }
}

TEST_F(MatchTest, exact_may_end_in_a_slash) {
    add("", PathKind::exact, "/foo/");
    EXPECT_EQ(ask("h", "/foo/"), "rule-0");
    EXPECT_EQ(ask("h", "/foo"), "none");
}

TEST_F(MatchTest, prefix_goes_by_element) {
    add("", PathKind::prefix, "/aaa/bbb");
    for (const char* path : {"/aaa/bbb", "/aaa/bbb/", "/aaa/bbb/ccc", "/aaa/bbb//"}) {
        EXPECT_EQ(ask("h", path), "rule-0") << path;
        EXPECT_EQ(path_length_, 8u);
    }
    for (const char* path :
         {"/aaa/bbbxyz", "/aaa/bb", "/aaa", "/aaa/", "/", "/aaa/bbb.", "/AAA/bbb"}) {
        EXPECT_EQ(ask("h", path), "none") << path;
    }
}

TEST_F(MatchTest, the_root_prefix_takes_everything) {
    add("", PathKind::prefix, "");
    for (const char* path : {"/", "/a", "/a/b/", "//", "*"}) {
        EXPECT_EQ(ask("h", path), "rule-0") << path;
        EXPECT_EQ(path_length_, 0u);
    }
}

TEST_F(MatchTest, the_longest_prefix_wins) {
    add("", PathKind::prefix, "");
    add("", PathKind::prefix, "/aaa/bbb");
    add("", PathKind::prefix, "/aaa");
    add("", PathKind::prefix, "/aaa/bbb/ccc");
    EXPECT_EQ(ask("h", "/aaa/bbb/ccc/d"), "rule-3");
    EXPECT_EQ(ask("h", "/aaa/bbb/cc"), "rule-1");
    EXPECT_EQ(ask("h", "/aaa/bbbc"), "rule-2");
    EXPECT_EQ(ask("h", "/aaab"), "rule-0");
}

TEST_F(MatchTest, exact_before_regex_before_prefix) {
    add("", PathKind::prefix, "/a/b/c");
    add("", PathKind::regex, "/a/.*");
    add("", PathKind::regex, "/a/b/.*");
    add("", PathKind::exact, "/a/b/c");
    EXPECT_EQ(ask("h", "/a/b/c"), "rule-3");
    EXPECT_EQ(ask("h", "/a/b/c/"), "rule-1") << "regexes in their own order, not by length";
    add("", PathKind::exact, "/a/b/c/");
    EXPECT_EQ(ask("h", "/a/b/c/"), "rule-4");
}

TEST_F(MatchTest, a_regex_is_of_the_whole_path) {
    add("", PathKind::regex, "/v[0-9]+/x");
    EXPECT_EQ(ask("h", "/v12/x"), "rule-0");
    EXPECT_EQ(ask("h", "/v12/xy"), "none");
    EXPECT_EQ(ask("h", "/a/v12/x"), "none");
}

TEST_F(MatchTest, candidates_of_one_path_in_table_order) {
    add("", PathKind::exact, "/p", {method("POST"), header("x-a", "1")});
    add("", PathKind::exact, "/p", {method("POST")});
    add("", PathKind::exact, "/p");
    EXPECT_EQ(ask(Request("h", "/p", "POST").field("X-A", "1")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/p", "POST").field("X-A", "2")), "rule-1");
    EXPECT_EQ(ask(Request("h", "/p", "GET").field("X-A", "1")), "rule-2");
}

TEST_F(MatchTest, failing_predicates_give_way_down_to_other_paths_and_hosts) {
    add("a.test", PathKind::exact, "/p/q", {method("PUT")});
    add("a.test", PathKind::regex, "/p/.*", {method("DELETE")});
    add("a.test", PathKind::prefix, "/p/q", {method("PATCH")});
    add("a.test", PathKind::prefix, "/p", {method("POST")});
    add("", PathKind::prefix, "");
    EXPECT_EQ(ask(Request("a.test", "/p/q", "PUT")), "rule-0");
    EXPECT_EQ(ask(Request("a.test", "/p/q", "DELETE")), "rule-1");
    EXPECT_EQ(ask(Request("a.test", "/p/q", "PATCH")), "rule-2");
    EXPECT_EQ(ask(Request("a.test", "/p/q", "POST")), "rule-3");
    EXPECT_EQ(ask(Request("a.test", "/p/q", "GET")), "rule-4");
}

TEST_F(MatchTest, methods_are_case_sensitive) {
    add("", PathKind::prefix, "", {method("GET")});
    EXPECT_EQ(ask(Request("h", "/", "GET")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/", "get")), "none");
    EXPECT_EQ(ask(Request("h", "/", "GETX")), "none");
    EXPECT_TRUE(host_known_);
}

TEST_F(MatchTest, any_line_of_a_header_may_hold) {
    add("", PathKind::prefix, "", {header("x-env", "canary")});
    EXPECT_EQ(ask(Request("h", "/").field("x-env", "stable").field("X-Env", "canary")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").field("x-env", "Canary")), "none") << "values are exact";
    EXPECT_EQ(ask(Request("h", "/").field("x-env", "canary2")), "none");
    EXPECT_EQ(ask(Request("h", "/").field("x-envs", "canary")), "none");
    EXPECT_EQ(ask(Request("h", "/")), "none");
}

TEST_F(MatchTest, a_dropped_header_does_not_hold) {
    add("", PathKind::prefix, "", {header("x-env", "canary")});
    Request request("h", "/");
    request.field("x-env", "canary");
    request.head.fields.drop("X-ENV");
    EXPECT_EQ(ask(request), "none");
}

TEST_F(MatchTest, a_header_may_be_known_by_name_too) {
    add("", PathKind::prefix, "", {header("content-type", "application/json")});
    EXPECT_EQ(ask(Request("h", "/").field("Content-Type", "application/json")), "rule-0");
}

TEST_F(MatchTest, header_regex_is_of_the_whole_value) {
    add("", PathKind::prefix, "", {{PredicateKind::header_regex, "cookie", ".*canary=(on|1).*"}});
    EXPECT_EQ(ask(Request("h", "/").field("Cookie", "a=b; canary=on; c=d")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").field("Cookie", "a=b").field("cookie", "canary=1")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").field("Cookie", "canary=off")), "none");
}

TEST_F(MatchTest, query_by_first_occurrence_decoded) {
    add("", PathKind::prefix, "", {{PredicateKind::query_exact, "model name", "a+b&c"}});
    EXPECT_EQ(ask(Request("h", "/").query("model%20name=a+b%26c")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").query("x=1&model%20name=%61%2Bb%26c&y")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").query("model%20name=no&model%20name=a+b%26c")), "none");
    EXPECT_EQ(ask(Request("h", "/").query("model+name=a+b%26c")), "none");
    EXPECT_EQ(ask(Request("h", "/").query("")), "none");
    EXPECT_EQ(ask(Request("h", "/")), "none");
}

TEST_F(MatchTest, query_regex_is_of_the_whole_decoded_value) {
    add("", PathKind::prefix, "", {{PredicateKind::query_regex, "v", "a b[0-9]*"}});
    EXPECT_EQ(ask(Request("h", "/").query("v=a%20b12")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").query("v=a b12")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").query("v=a%20b12x")), "none");
    EXPECT_EQ(ask(Request("h", "/").query("v=a%20b&v=zzz")), "rule-0");
    EXPECT_EQ(ask(Request("h", "/").query("w=a%20b")), "none");
}

TEST_F(MatchTest, query_regex_of_a_value_as_long_as_a_target) {
    add("", PathKind::prefix, "", {{PredicateKind::query_regex, "v", "x+"}});
    std::string raw = "v=";
    while (raw.size() + 3 <= limits::kTargetBytes - 2) raw += "%78";
    EXPECT_EQ(ask(Request("h", "/").query(raw)), "rule-0");
    std::string beyond = "v=";
    while (beyond.size() <= limits::kTargetBytes + 3) beyond += "%78";
    EXPECT_EQ(ask(Request("h", "/").query(beyond)), "none")
        << "refused, not read beyond the buffer";
}

TEST_F(MatchTest, a_prefix_for_each_of_the_deepest_path) {
    spec_.hosts.push_back({"", {}});
    std::string path;
    for (size_t depth = 0; depth <= limits::kPathSegments; ++depth) {
        add_match(
            spec_, spec_.hosts[0], PathKind::prefix, path, {header("x-d", std::to_string(depth))}
        );
        path += "/a";
    }
    path.resize(path.size() - 2);
    const Table table(spec_);
    const Regexes regexes = Regexes::of(table.view, nullptr);
    for (size_t depth = 0; depth <= limits::kPathSegments; ++depth) {
        Request request("h", path);
        request.field("x-d", std::to_string(depth));
        const Matched matched = match(table.view, regexes, request.head);
        ASSERT_NE(matched.rule, nullptr) << depth;
        ASSERT_EQ(table.view.name(*matched.rule), "rule-" + std::to_string(depth));
    }
    Request both("h", path);
    both.field("x-d", "3").field("x-d", "200");
    EXPECT_EQ(table.view.name(*match(table.view, regexes, both.head).rule), "rule-200")
        << "the deeper one";
}

TEST_F(MatchTest, hostile_paths_end_somewhere) {
    add("", PathKind::prefix, "/a");
    add("", PathKind::exact, "/" + std::string(limits::kPathBytes - 1, 'x'));
    add("", PathKind::prefix, "");
    const std::string many_slashes(limits::kTargetBytes, '/');
    const std::string long_segment = "/" + std::string(limits::kTargetBytes - 1, 'x');
    std::string many_segments;
    while (many_segments.size() < limits::kTargetBytes) many_segments += "/a";
    EXPECT_EQ(ask("h", many_slashes), "rule-2");
    EXPECT_EQ(ask("h", long_segment), "rule-2");
    EXPECT_EQ(ask("h", many_segments), "rule-0");
    EXPECT_EQ(ask("h", std::string_view(long_segment).substr(0, limits::kPathBytes)), "rule-1");
    EXPECT_EQ(ask("h", std::string_view("/a\0/b", 5)), "rule-2");
    EXPECT_EQ(ask("h", "/\xff\xfe"), "rule-2");
    EXPECT_EQ(ask("h", ""), "rule-2");
}

TEST_F(MatchTest, hostile_hosts_find_nothing_of_others) {
    add("a.example.com", PathKind::prefix, "");
    add("*.example.com", PathKind::prefix, "");
    for (const char* host :
         {".example.com", "example.com", ".", "..", "*", "com", "example.com."}) {
        EXPECT_EQ(ask(host, "/"), "none") << host;
    }
    for (const char c : {'x', '.'}) {
        EXPECT_EQ(ask(std::string(limits::kHeadBytes, c), "/"), "none");
        EXPECT_EQ(ask("x." + std::string(limits::kHeadBytes, c), "/"), "none");
    }
    const std::string tail = ".example.com";
    const std::string longest = std::string(limits::kHostBytes - tail.size(), 'x') + tail;
    EXPECT_EQ(ask(longest, "/"), "rule-1");
}

TEST_F(MatchTest, a_broken_pattern_takes_no_traffic) {
    add("", PathKind::regex, "/(");
    add("", PathKind::prefix, "");
    EXPECT_EQ(ask("h", "/("), "rule-1");
}

TEST_F(MatchTest, nodes_with_every_first_byte) {
    spec_.hosts.push_back({"", {}});
    for (int c = 33; c < 127; ++c) {
        if (c == '/' || c == '%' || c == '?' || c == '#' || c == '\\') continue;
        add_match(spec_, spec_.hosts[0], PathKind::exact, std::string("/") + static_cast<char>(c));
    }
    const Table table(spec_);
    const Regexes regexes;
    for (const auto& wanted : spec_.hosts[0].matches) {
        const Request request("h", wanted.path);
        const Matched matched = match(table.view, regexes, request.head);
        ASSERT_NE(matched.rule, nullptr) << wanted.path;
        EXPECT_EQ(table.view.name(*matched.rule), spec_.rules[wanted.rule].name);
    }
}

}  // namespace
}  // namespace sluice::route
