// Each rule that verify() keeps over hosts, paths and matches: one thing is changed, and it is
// named.
#include <gtest/gtest.h>
#include <utility>

#include "table/limits.h"
#include "tests/unit/table/change.h"
#include "tests/unit/table/walk.h"

namespace sluice::table {
namespace {

using Table = RoutesTable;

TEST(VerifyRoutes, takes_what_the_builder_makes) {
    const Bytes bytes = built(sample_routes());
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_NE(Walk::over(*view), 0U);
    EXPECT_TRUE(RoutesView::verify(built(RoutesSpec{})));
}

TEST(VerifyRoutes, hosts) {
    expect_refused({
        {"name outside", kReference, "hosts[", [](Table& t) { host(t).name = outside(t); }},
        {"name wraps", kReference, "hosts[", [](Table& t) { host(t).name = kWraps; }},
        {"name upper case", kValue, "hosts[", [](Table& t) { t.byte(host(t).name, 0) = 'C'; }},
        {"hash of another", kValue, "hosts[", [](Table& t) { host(t).hash ^= 1; }},
        {"another name", kValue, "hosts[", [](Table& t) { t.byte(host(t).name, 0) = 'd'; }},
        {"reserved", kValue, "hosts[", [](Table& t) { host(t).reserved = 1; }},
        {"order",
         kOrder,
         "hosts[1]",
         [](Table& t) {
             Host& first = t.at(t.view().hosts(), 0);
             Host& second = t.at(t.view().hosts(), 1);
             std::swap(first.hash, second.hash);
             std::swap(first.name, second.name);
         }},
        {"one host twice",
         kOrder,
         "hosts[1]",
         [](Table& t) { t.at(t.view().hosts(), 1) = t.at(t.view().hosts(), 0); }},
        {"root of another", kReference, "hosts[", [](Table& t) { host(t).root += 1; }},
        {"root outside",
         kReference,
         "hosts[",
         [](Table& t) { host(t).root = static_cast<uint32_t>(t.view().nodes().size()); }},
        {"no root: its nodes are nobody's", kReference, "", [](Table& t) { host(t).root = kNone; }},
        {"regexes of another", kReference, "hosts[", [](Table& t) { host(t).regexes.first -= 1; }},
        {"regexes outside",
         kReference,
         "hosts[",
         [](Table& t) { host(t).regexes.count += limits::kRegexesPerHost - 2; }},
        {"too many regexes",
         kLarge,
         "hosts[",
         [](Table& t) { host(t).regexes.count = limits::kRegexesPerHost + 1; }},
        {"empty range that is nowhere",
         kReference,
         "hosts[",
         [](Table& t) { host(t, "").regexes = {1, 0}; }},
    });
}

TEST(VerifyRoutes, long_host_name) {
    Table table(built(sample_routes()));
    host(table).name = {0, limits::kHostBytes + 1};
    ASSERT_GT(table.view().pool().size(), limits::kHostBytes);
    const auto verified = table.verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().reason, kLarge);
}

TEST(VerifyRoutes, host_buckets) {
    const auto offset = [](Table& t, size_t index) -> uint32_t& {
        return t.at(t.view().host_buckets(), index);
    };
    expect_refused({
        {"begin", kReference, "host_buckets", [&](Table& t) { offset(t, 0) = 1; }},
        {"end",
         kReference,
         "host_buckets",
         [&](Table& t) { offset(t, t.view().host_buckets().size() - 1) = 2; }},
        {"descending",
         kOrder,
         "host_buckets[",
         [&](Table& t) {
             offset(t, 1) = 3;
             offset(t, 2) = 0;
         }},
        {"outside", kOrder, "host_buckets[0]", [&](Table& t) { offset(t, 1) = 4; }},
        {"host of another bucket",
         kOrder,
         "host_buckets[0]",
         [&](Table& t) {
             for (size_t i = 1; i < t.view().host_buckets().size(); ++i) offset(t, i) = 3;
         }},
    });
}

TEST(VerifyRoutes, nodes) {
    expect_refused({
        {"label outside", kReference, "nodes[", [](Table& t) { node(t, 1).label = outside(t); }},
        {"label wraps", kReference, "nodes[", [](Table& t) { node(t, 1).label = kWraps; }},
        {"empty label", kValue, "nodes[", [](Table& t) { node(t, 2).label.length = 0; }},
        {"first byte",
         kValue,
         "nodes[",
         [](Table& t) { t.at(t.view().node_bytes(), host(t).root + 1) ^= 1; }},
        {"space in a path", kValue, "nodes[", [](Table& t) { t.byte(node(t, 1).label, 1) = ' '; }},
        {"query in a path", kValue, "nodes[", [](Table& t) { t.byte(node(t, 1).label, 1) = '?'; }},
        {"path without a slash",
         kValue,
         "nodes[",
         [](Table& t) {
             t.byte(node(t, 1).label, 0) = 'x';
             t.at(t.view().node_bytes(), host(t).root + 1) = 'x';
         }},
        {"prefix that ends with a slash",
         kValue,
         "nodes[",
         [](Table& t) {
             Node& prefix = node(t, 1);
             ASSERT_NE(prefix.prefix.count, 0U);
             t.byte(prefix.label, prefix.label.length - 1) = '/';
         }},
        {"exact match of no path",
         kValue,
         "nodes[",
         [](Table& t) { std::swap(node(t, 0).exact, node(t, 0).prefix); }},
        {"children: a cycle",
         kReference,
         "nodes[",
         [](Table& t) { node(t, 1).children.first = host(t).root; }},
        {"children: its own",
         kReference,
         "nodes[",
         [](Table& t) { node(t, 1).children.first = host(t).root + 1; }},
        {"children: shared",
         kReference,
         "nodes[",
         [](Table& t) { node(t, 2).children = node(t, 1).children; }},
        {"children outside",
         kReference,
         "nodes[",
         [](Table& t) { node(t, 1).children.count = 1'000'000; }},
        {"children wrap",
         kReference,
         "nodes[",
         [](Table& t) { node(t, 1).children.count = 0xffffffffU; }},
        {"children of nobody", kReference, "", [](Table& t) { node(t, 2).children = {}; }},
        {"exact outside",
         kReference,
         "nodes[",
         [](Table& t) { node(t, 2).exact.first = 0xfffffff0U; }},
        {"exact of another", kReference, "nodes[", [](Table& t) { node(t, 3).exact.first -= 1; }},
        {"prefix wraps",
         kReference,
         "nodes[",
         [](Table& t) { node(t, 1).prefix.count = 0xffffffffU; }},
    });
}

// "/v1" has the children "/chat" and "/models" only below "/": their order is that of first bytes.
TEST(VerifyRoutes, children_stand_in_order) {
    Table table(built(sample_routes()));
    size_t parent = 0;
    while (table.view().nodes()[parent].children.count < 2) ++parent;
    const uint32_t first = table.view().nodes()[parent].children.first;
    std::swap(
        table.at(table.view().nodes(), first).label, table.at(table.view().nodes(), first + 1).label
    );
    std::swap(
        table.at(table.view().node_bytes(), first), table.at(table.view().node_bytes(), first + 1)
    );
    const auto verified = table.verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().reason, kOrder) << verified.error().message;
}

TEST(VerifyRoutes, matches) {
    expect_refused({
        {"rule outside", kReference, "nodes[", [](Table& t) { exact_match(t).rule = 3; }},
        {"rule of a regex outside",
         kReference,
         "hosts[",
         [](Table& t) { regex_match(t).rule = kNone; }},
        {"length", kValue, "nodes[", [](Table& t) { exact_match(t).path_length += 1; }},
        {"regex has a length", kValue, "hosts[", [](Table& t) { regex_match(t).path_length = 1; }},
        {"path has a regex", kValue, "nodes[", [](Table& t) { exact_match(t).regex = 0; }},
        {"regex outside", kReference, "hosts[", [](Table& t) { regex_match(t).regex = 9; }},
        {"regex has none", kReference, "hosts[", [](Table& t) { regex_match(t).regex = kNone; }},
        {"predicates of another",
         kReference,
         "nodes[",
         [](Table& t) { exact_match(t).predicates += 1; }},
        {"predicates outside",
         kReference,
         "nodes[",
         [](Table& t) { exact_match(t).predicate_count = limits::kPredicatesPerMatch; }},
        {"too many predicates",
         kLarge,
         "nodes[",
         [](Table& t) { exact_match(t).predicate_count = limits::kPredicatesPerMatch + 1; }},
        {"predicates of nobody",
         kReference,
         "",
         [](Table& t) {
             exact_match(t).predicates = 0;
             exact_match(t).predicate_count = 0;
         }},
    });
}

TEST(VerifyRoutes, predicates) {
    using enum PredicateKind;
    expect_refused({
        {"kind", kValue, "", [](Table& t) { predicate(t, method).kind = PredicateKind{5}; }},
        {"name outside",
         kReference,
         "",
         [](Table& t) { predicate(t, header_exact).name = outside(t); }},
        {"value outside", kReference, "", [](Table& t) { predicate(t, query_exact).value = kWraps; }
        },
        {"reserved", kValue, "", [](Table& t) { predicate(t, method).reserved[2] = 1; }},
        {"method with a name",
         kValue,
         "",
         [](Table& t) { predicate(t, method).name = predicate(t, header_exact).name; }},
        {"no method", kValue, "", [](Table& t) { predicate(t, method).value = {}; }},
        {"method with a space",
         kValue,
         "",
         [](Table& t) { t.byte(predicate(t, method).value, 1) = ' '; }},
        {"header without a name", kValue, "", [](Table& t) { predicate(t, header_exact).name = {}; }
        },
        {"header in upper case",
         kValue,
         "",
         [](Table& t) { t.byte(predicate(t, header_exact).name, 0) = 'X'; }},
        {"header regex without a name",
         kValue,
         "",
         [](Table& t) { predicate(t, header_regex).name = {}; }},
        {"regex outside", kReference, "", [](Table& t) { predicate(t, header_regex).regex = 9; }},
        {"query regex has none",
         kReference,
         "",
         [](Table& t) { predicate(t, query_regex).regex = kNone; }},
        {"regex of another pattern",
         kValue,
         "",
         [](Table& t) { predicate(t, query_regex).value = predicate(t, query_regex).name; }},
        {"exact with a regex", kValue, "", [](Table& t) { predicate(t, header_exact).regex = 0; }},
        {"query with a regex", kValue, "", [](Table& t) { predicate(t, query_exact).regex = 0; }},
        {"method with a regex", kValue, "", [](Table& t) { predicate(t, method).regex = 0; }},
    });
}

TEST(VerifyRoutes, other_kinds_of_bytes_are_no_routes) {
    EXPECT_EQ(RoutesView::verify({}).error().reason, Reason::table_corrupt);
    EXPECT_EQ(RoutesView::attach({}).error().reason, Reason::table_corrupt);
    const Bytes endpoints = built(sample_endpoints());
    EXPECT_EQ(RoutesView::verify(endpoints).error().reason, Reason::table_corrupt);
    const Bytes routes = built(sample_routes());
    EXPECT_EQ(EndpointsView::verify(routes).error().reason, Reason::table_corrupt);
    const std::span odd = std::span(routes).subspan(1);
    EXPECT_EQ(RoutesView::verify(odd).error().reason, Reason::table_corrupt);
}

}  // namespace
}  // namespace sluice::table
