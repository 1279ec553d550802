// Location of redirects: which of scheme, host, port and path are the client's and which the
// rule's.
#include <gtest/gtest.h>

#include "proxy/filter/rewrite.h"
#include "proxy/route/match.h"
#include "tests/unit/route/fixture.h"

namespace sluice::filter {
namespace {

using route::Request;
using route::Table;
using table::PathKind;
using table::RedirectSpec;
using table::RewriteKind;

table::RoutesSpec redirecting(const std::string& prefix, const RedirectSpec& redirect) {
    table::RoutesSpec spec;
    table::HostSpec any{"", {}};
    route::add_match(spec, any, PathKind::prefix, prefix);
    spec.hosts.push_back(any);
    spec.rules[0].splits.clear();
    spec.rules[0].redirect = redirect;
    return spec;
}

Location locate(
    const Table& table, const Request& request, http::Scratch& scratch, std::string_view scheme
) {
    const route::Matched matched = route::match(table.view, {}, request.head);
    return redirect(table.view, *matched.rule, *matched.match, request.head, scheme, scratch);
}

std::string location(
    const RedirectSpec& to,
    const Request& request,
    std::string_view scheme = "http",
    const std::string& prefix = ""
) {
    const Table table(redirecting(prefix, to));
    http::Scratch scratch;
    const Location result = locate(table, request, scratch, scheme);
    EXPECT_EQ(result.reason, Reason::ok);
    EXPECT_EQ(result.status, to.status);
    return std::string(result.location);
}

// A request of which the client wrote this authority.
struct From : Request {
    From(std::string_view host, std::string_view authority, std::string_view path)
        : Request(host, path) {
        head.authority = authority;
    }
};

TEST(Redirect, to_https_takes_its_well_known_port) {
    const RedirectSpec to{.status = 301, .scheme = "https"};
    EXPECT_EQ(location(to, From("a.test", "a.test", "/x")), "https://a.test/x");
    EXPECT_EQ(location(to, From("a.test", "A.test:8080", "/x")), "https://a.test/x");
}

TEST(Redirect, without_scheme_the_port_is_the_one_the_client_used) {
    const RedirectSpec to{.status = 302, .host = "b.test"};
    EXPECT_EQ(location(to, From("a.test", "a.test:8080", "/x")), "http://b.test:8080/x");
    EXPECT_EQ(location(to, From("a.test", "a.test", "/x")), "http://b.test/x");
    EXPECT_EQ(location(to, From("a.test", "a.test:80", "/x")), "http://b.test/x");
    EXPECT_EQ(location(to, From("a.test", "a.test:443", "/x"), "https"), "https://b.test/x");
    EXPECT_EQ(location(to, From("a.test", "a.test:80", "/x"), "https"), "https://b.test:80/x");
    EXPECT_EQ(location(to, From("a.test", "a.test:", "/x")), "http://b.test/x");
}

TEST(Redirect, a_named_port_is_written_unless_it_is_the_schemes_own) {
    RedirectSpec to{.status = 302, .scheme = "https", .port = 8443};
    EXPECT_EQ(location(to, Request("a.test", "/")), "https://a.test:8443/");
    to.port = 443;
    EXPECT_EQ(location(to, Request("a.test", "/")), "https://a.test/");
    to.port = 80;
    EXPECT_EQ(location(to, Request("a.test", "/")), "https://a.test:80/");
    to.scheme = "http";
    EXPECT_EQ(location(to, Request("a.test", "/")), "http://a.test/");
    to.scheme = "";
    to.port = 65535;
    EXPECT_EQ(location(to, Request("a.test", "/")), "http://a.test:65535/");
}

TEST(Redirect, ipv6_literals_keep_their_brackets) {
    const RedirectSpec to{.status = 308, .path_kind = RewriteKind::full, .path = "/y"};
    EXPECT_EQ(location(to, From("[::1]", "[::1]:8080", "/x")), "http://[::1]:8080/y");
    EXPECT_EQ(location(to, From("[2001:db8::1]", "[2001:db8::1]", "/x")), "http://[2001:db8::1]/y");
}

TEST(Redirect, paths_are_kept_replaced_or_joined_and_queries_kept) {
    RedirectSpec to{.status = 302, .scheme = "https"};
    EXPECT_EQ(location(to, Request("a", "/x/y").query("q=1")), "https://a/x/y?q=1");
    EXPECT_EQ(location(to, Request("a", "/x").query("")), "https://a/x?");
    to.path_kind = RewriteKind::full;
    to.path = "/new";
    EXPECT_EQ(location(to, Request("a", "/x/y").query("q=1")), "https://a/new?q=1");
    to.path_kind = RewriteKind::prefix;
    EXPECT_EQ(location(to, Request("a", "/x/y"), "http", "/x"), "https://a/new/y");
    EXPECT_EQ(location(to, Request("a", "/x"), "http", "/x"), "https://a/new");
    to.path = "/";
    EXPECT_EQ(location(to, Request("a", "/x"), "http", "/x"), "https://a/");
    EXPECT_EQ(location(to, Request("a", "/x/y"), "http", "/x"), "https://a/y");
}

TEST(Redirect, a_request_without_host_gets_a_path) {
    const RedirectSpec to{.status = 302, .path_kind = RewriteKind::full, .path = "/new"};
    EXPECT_EQ(location(to, Request("", "/x").query("q")), "/new?q");
    const RedirectSpec to_host{.status = 302, .host = "b.test"};
    EXPECT_EQ(location(to_host, Request("", "/x")), "http://b.test/x");
}

TEST(Redirect, options_asterisk_goes_to_the_root) {
    const RedirectSpec to{.status = 308, .scheme = "https"};
    EXPECT_EQ(location(to, Request("a.test", "*")), "https://a.test/");
}

TEST(Redirect, every_status) {
    for (const uint16_t status : {301, 302, 303, 307, 308}) {
        location({.status = status, .scheme = "https"}, Request("a.test", "/"));
    }
}

TEST(Redirect, refuses_what_does_not_fit_the_scratch) {
    const Table table(redirecting("", {.status = 302, .scheme = "https"}));
    http::Scratch scratch;
    while (scratch.take(1) != nullptr) {
    }
    const Location result = locate(table, Request("a.test", "/x"), scratch, "http");
    EXPECT_EQ(result.reason, Reason::head_too_large);
    EXPECT_TRUE(result.location.empty());
}

}  // namespace
}  // namespace sluice::filter
