// URL rewrite: slashes, queries, authorities, and what must stay untouched.
#include "proxy/filter/rewrite.h"

#include <gtest/gtest.h>

#include "proxy/http/path.h"
#include "proxy/route/match.h"
#include "tests/unit/route/fixture.h"

namespace sluice::filter {
namespace {

using route::Request;
using route::Table;
using table::PathKind;
using table::RewriteKind;

// A table with one rule on a prefix (or exact or regex path).
struct OneRule {
    explicit OneRule(
        PathKind kind,
        const std::string& path,
        RewriteKind rewrite_kind,
        const std::string& to,
        const std::string& host = ""
    )
        : table(spec(kind, path, rewrite_kind, to, host)),
          regexes(route::Regexes::of(table.view, nullptr)) {}

    static table::RoutesSpec spec(
        PathKind kind,
        const std::string& path,
        RewriteKind rewrite_kind,
        const std::string& to,
        const std::string& host
    ) {
        table::RoutesSpec spec;
        table::HostSpec any{"", {}};
        route::add_match(spec, any, kind, path);
        spec.hosts.push_back(any);
        spec.rules[0].rewrite_kind = rewrite_kind;
        spec.rules[0].rewrite_path = to;
        spec.rules[0].rewrite_host = host;
        return spec;
    }
    Target rewrite(const Request& request) {
        const route::Matched matched = route::match(table.view, regexes, request.head);
        EXPECT_NE(matched.rule, nullptr) << request.head.path;
        if (matched.rule == nullptr) return {};
        return filter::rewrite(table.view, *matched.rule, *matched.match, request.head, scratch);
    }
    std::string target(std::string_view path) {
        const Target result = rewrite(Request("h", path));
        EXPECT_EQ(result.reason, Reason::ok);
        return std::string(result.target);
    }

    Table table;
    route::Regexes regexes;
    http::Scratch scratch;
};

// The table of Gateway API's ReplacePrefixMatch, and the rows around it.
TEST(Rewrite, prefix_replacement_joins_with_one_slash) {
    struct Row {
        const char* path;
        const char* prefix;
        const char* to;
        const char* wanted;
    };
    const Row rows[] = {
        {"/foo/bar", "/foo", "/xyz", "/xyz/bar"},
        {"/foo/bar", "/foo", "/xyz/", "/xyz/bar"},
        {"/foo", "/foo", "/xyz", "/xyz"},
        {"/foo/", "/foo", "/xyz", "/xyz/"},
        {"/foo", "/foo", "/xyz/", "/xyz"},
        {"/foo/", "/foo", "/xyz/", "/xyz/"},
        {"/foo/bar", "/foo", "", "/bar"},
        {"/foo/", "/foo", "", "/"},
        {"/foo", "/foo", "", "/"},
        {"/foo/", "/foo", "/", "/"},
        {"/foo", "/foo", "/", "/"},
        {"/foo/bar", "/foo", "/", "/bar"},
        {"/foo/bar/", "/foo", "/", "/bar/"},
        {"/foo/bar", "/foo/bar", "/a/b/c", "/a/b/c"},
        {"/foo/bar/baz", "/foo/bar", "/a", "/a/baz"},
        {"/foo", "", "/xyz", "/xyz/foo"},
        {"/", "", "/xyz", "/xyz/"},
        {"/", "", "/", "/"},
        {"/foo/x", "", "/", "/foo/x"},
    };
    for (const Row& row : rows) {
        OneRule rule(PathKind::prefix, row.prefix, RewriteKind::prefix, row.to);
        EXPECT_EQ(rule.target(row.path), row.wanted)
            << row.path << " with " << row.prefix << " as " << row.to;
    }
}

TEST(Rewrite, of_every_small_combination_is_a_canonical_path) {
    for (const std::string prefix : {"", "/a", "/a/b"}) {
        for (const std::string to : {"", "/", "/x", "/x/", "/x/y", "/x/y/"}) {
            OneRule rule(PathKind::prefix, prefix, RewriteKind::prefix, to);
            for (const std::string rest : {"", "/", "/c", "/c/", "/c/d"}) {
                const std::string path = prefix + rest;
                if (path.empty()) continue;
                const std::string target = rule.target(path);
                http::Scratch scratch;
                const auto canonical = http::canonical_path(target, scratch);
                EXPECT_EQ(canonical.reason, Reason::ok) << target;
                EXPECT_FALSE(canonical.changed)
                    << prefix << " + " << rest << " as " << to << ": " << target;
            }
        }
    }
}

TEST(Rewrite, the_query_is_kept_even_when_empty) {
    OneRule rule(PathKind::prefix, "/foo", RewriteKind::prefix, "/bar");
    EXPECT_EQ(rule.rewrite(Request("h", "/foo/x").query("a=1&b=%20")).target, "/bar/x?a=1&b=%20");
    EXPECT_EQ(rule.rewrite(Request("h", "/foo").query("")).target, "/bar?");
    EXPECT_EQ(rule.rewrite(Request("h", "/foo")).target, "/bar");
}

TEST(Rewrite, full_replaces_the_whole_path_only) {
    OneRule rule(PathKind::prefix, "/foo", RewriteKind::full, "/whole/path/");
    EXPECT_EQ(rule.rewrite(Request("h", "/foo/x/y").query("q")).target, "/whole/path/?q");
    OneRule by_regex(PathKind::regex, "/v[0-9]/.*", RewriteKind::full, "/one");
    EXPECT_EQ(by_regex.target("/v1/abc"), "/one");
}

TEST(Rewrite, a_canonical_target_goes_on_as_the_same_bytes) {
    OneRule rule(PathKind::prefix, "", RewriteKind::none, "");
    const Request request("h", "/a/b");
    const Target result = rule.rewrite(request);
    EXPECT_EQ(result.target.data(), request.head.target.data()) << "no copy";
    EXPECT_EQ(result.authority.data(), request.head.authority.data());
}

TEST(Rewrite, without_rewrite_a_target_that_is_not_canonical_becomes_so) {
    OneRule rule(PathKind::prefix, "", RewriteKind::none, "");
    Request request("h", "/a/b");
    request.head.target = "/a/./b?x=/../y";
    request.head.query = "x=/../y";
    request.head.has_query = true;
    request.head.target_is_canonical = false;
    EXPECT_EQ(rule.rewrite(request).target, "/a/b?x=/../y") << "the query is not a path";
    request.head.target = "http://h/a/b";
    request.head.has_query = false;
    request.head.query = "";
    EXPECT_EQ(rule.rewrite(request).target, "/a/b") << "absolute form becomes origin form";
}

TEST(Rewrite, host_alone_leaves_the_target) {
    OneRule rule(PathKind::prefix, "", RewriteKind::none, "", "internal.example.com");
    Request request("shop.example.com", "/a");
    request.head.authority = "shop.example.com:8443";
    const Target result = rule.rewrite(request);
    EXPECT_EQ(result.authority, "internal.example.com");
    EXPECT_EQ(result.target.data(), request.head.target.data());
}

TEST(Rewrite, without_host_the_authority_stays_as_written) {
    OneRule rule(PathKind::prefix, "/a", RewriteKind::prefix, "/b");
    Request request("shop.example.com", "/a");
    request.head.authority = "Shop.Example.com:8443";
    EXPECT_EQ(rule.rewrite(request).authority, "Shop.Example.com:8443");
}

TEST(Rewrite, options_asterisk_has_no_path_to_replace) {
    OneRule rule(PathKind::prefix, "", RewriteKind::prefix, "/b");
    EXPECT_EQ(rule.target("*"), "*");
    OneRule full(PathKind::prefix, "", RewriteKind::full, "/b");
    EXPECT_EQ(full.target("*"), "*");
}

TEST(Rewrite, refuses_what_does_not_fit_the_scratch) {
    OneRule rule(PathKind::prefix, "/a", RewriteKind::prefix, "/bb");
    const Request request("h", "/a/ccc");
    size_t taken = 0;
    while (rule.scratch.take(1024) != nullptr) taken += 1024;
    size_t rest = 0;
    while (rule.scratch.take(1) != nullptr) ++rest;
    EXPECT_EQ(rule.rewrite(request).reason, Reason::head_too_large);
    rule.scratch.reset();
    const size_t needed = std::string_view("/bb/ccc").size();
    rule.scratch.take(taken + rest - needed);
    EXPECT_EQ(rule.rewrite(request).target, "/bb/ccc") << "exactly the room there is";
    rule.scratch.reset();
    rule.scratch.take(taken + rest - needed + 1);
    EXPECT_EQ(rule.rewrite(request).reason, Reason::head_too_large);
}

}  // namespace
}  // namespace sluice::filter
