// Each rule that verify() keeps over hosts, paths and matches: one thing is changed, and it is
// named.
#include <gtest/gtest.h>
#include <utility>

#include "table/hash.h"
#include "table/limits.h"
#include "tests/unit/table/change.h"
#include "tests/unit/table/header.h"
#include "tests/unit/table/walk.h"

namespace sluice::table {
namespace {

using Table = RoutesTable;

Text name(const Table& table) {
    const Host& owner = table.view().hosts()[host_index(table, "chat.example")];
    return {owner.name_offset, owner.name_length};
}

Text text(Table& table, std::string_view of) {
    const Path& found = path(table, of);
    return {found.text_offset, found.text_length};
}

void set_name(Host& to, const Host& from) {
    to.hash = from.hash;
    to.name_offset = from.name_offset;
    to.name_length = from.name_length;
}

void swap_names(Table& table) {
    Host& first = table.at(table.view().hosts(), 0);
    Host& second = table.at(table.view().hosts(), 1);
    const Host kept = first;
    set_name(first, second);
    set_name(second, kept);
}

void repeat_name(Table& table) {
    set_name(table.at(table.view().hosts(), 1), table.view().hosts()[0]);
}

TEST(VerifyRoutes, takes_what_the_builder_makes) {
    const Bytes bytes = built(sample_routes());
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_NE(Walk::over(*view), 0U);
    EXPECT_TRUE(RoutesView::verify(built(RoutesSpec{})));
}

TEST(VerifyRoutes, hosts) {
    expect_refused({
        {"name outside",
         kReference,
         "hosts[",
         [](Table& t) { host(t).name_offset = outside(t).offset; }},
        {"name wraps", kReference, "hosts[", [](Table& t) { host(t).name_offset = ~0U; }},
        {"name upper case", kValue, "hosts[", [](Table& t) { t.byte(name(t), 0) = 'C'; }},
        {"hash of another", kValue, "hosts[", [](Table& t) { host(t).hash ^= 1; }},
        {"another name", kValue, "hosts[", [](Table& t) { t.byte(name(t), 0) = 'd'; }},
        {"order", kOrder, "hosts[1]", [](Table& t) { swap_names(t); }},
        {"one host twice", kOrder, "hosts[1]", [](Table& t) { repeat_name(t); }},
        {"paths of another", kReference, "hosts[", [](Table& t) { host(t).paths += 1; }},
        {"paths outside", kReference, "hosts[", [](Table& t) { host(t).path_count = 1'000'000; }},
        {"paths wrap", kReference, "hosts[", [](Table& t) { host(t).path_count = ~0U; }},
        {"one depth more", kValue, "hosts[", [](Table& t) { host(t).depths |= 8; }},
        {"one depth less", kValue, "hosts[", [](Table& t) { host(t).depths &= 5; }},
        {"more buckets", kValue, "hosts[", [](Table& t) { host(t).path_bits += 1; }},
        {"far more buckets", kValue, "hosts[", [](Table& t) { host(t).path_bits = 255; }},
        {"buckets of another", kReference, "hosts[", [](Table& t) { host(t).path_buckets = 1; }},
        {"buckets of one bucket",
         kReference,
         "hosts[",
         [](Table& t) { host(t, "").path_buckets = 1; }},
        {"regexes of another", kReference, "hosts[", [](Table& t) { host(t).by_regex += 1; }},
        {"regexes of nobody", kReference, "", [](Table& t) { host(t).by_regex = kNone; }},
        {"regexes outside",
         kReference,
         "hosts[",
         [](Table& t) { t.at(t.view().by_regex(), 1).match.flags |= kMoreMatches; }},
        {"regex of nobody",
         kReference,
         "by_regex[1]",
         [](Table& t) { t.at(t.view().by_regex(), 0).match.flags &= 3; }},
    });
}

TEST(VerifyRoutes, too_many_regexes) {
    RoutesSpec spec = sample_routes();
    spec.hosts[0].matches.resize(limits::kRegexesPerHost, spec.hosts[0].matches.back());
    for (MatchSpec& match : spec.hosts[0].matches) {
        match = {PathKind::regex, "/a", {}, 0};
    }
    spec.hosts[2].matches = {{PathKind::regex, "/a", {}, 0}};
    Table table(built(spec));
    // One host's run goes on into the other's.
    ASSERT_EQ(table.view().by_regex().size(), limits::kRegexesPerHost + 1);
    for (size_t i = 0; i < limits::kRegexesPerHost; ++i) {
        table.at(table.view().by_regex(), i).match.flags |= kMoreMatches;
    }
    for (size_t i = 0; i < table.view().hosts().size(); ++i) {
        Host& one = table.at(table.view().hosts(), i);
        if (one.by_regex != 0) one.by_regex = kNone;
    }
    const auto verified = table.verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().reason, kLarge) << verified.error().message;
}

TEST(VerifyRoutes, long_host_name) {
    Table table(built(sample_routes()));
    Host& changed = host(table);
    changed.name_offset = 0;
    changed.name_length = limits::kHostBytes + 1;
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
        {"begin", kReference, "host_buckets[0]", [&](Table& t) { offset(t, 0) = 1; }},
        {"end",
         kReference,
         "host_buckets[",
         [&](Table& t) { offset(t, t.view().host_buckets().size() - 1) = 2; }},
        {"outside", kReference, "host_buckets[1]", [&](Table& t) { offset(t, 1) = 4; }},
        {"host of another bucket",
         kReference,
         "host_buckets[",
         [&](Table& t) {
             for (size_t i = 1; i < t.view().host_buckets().size(); ++i) offset(t, i) = 3;
         }},
    });
}

// One more path in "chat.example" needs a second bucket.
RoutesSpec with_two_buckets() {
    RoutesSpec spec = sample_routes();
    spec.hosts[0].matches.push_back({PathKind::prefix, "/v2", {}, 0});
    return spec;
}

TEST(VerifyRoutes, path_buckets) {
    for (size_t i = 0; i < 3; ++i) {
        for (const uint32_t change : {1U, ~0U, 1'000'000U}) {
            Table table(built(with_two_buckets()));
            ASSERT_TRUE(table.verify());
            ASSERT_EQ(table.view().path_buckets().size(), 3U);
            table.at(table.view().path_buckets(), i) += change;
            const auto verified = table.verify();
            ASSERT_FALSE(verified) << i << " " << change;
            EXPECT_EQ(verified.error().reason, kReference) << verified.error().message;
        }
    }
    Table elsewhere(built(with_two_buckets()));
    host(elsewhere).path_buckets = 1;
    EXPECT_EQ(elsewhere.verify().error().reason, kReference);
    Table unowned(built(with_two_buckets()));
    host(unowned).path_bits = 0;
    EXPECT_FALSE(unowned.verify());
}

TEST(VerifyRoutes, paths) {
    expect_refused({
        {"text outside",
         kReference,
         "paths[",
         [](Table& t) { path(t, "/v1").text_offset = outside(t).offset; }},
        {"text wraps", kReference, "paths[", [](Table& t) { path(t, "/v1").text_offset = ~0U; }},
        {"hash of another", kValue, "paths[", [](Table& t) { path(t, "/v1").hash ^= 1; }},
        {"text of another", kValue, "paths[", [](Table& t) { path(t, "/v1").text_length -= 1; }},
        {"space in a path", kValue, "paths[", [](Table& t) { t.byte(text(t, "/v1"), 1) = ' '; }},
        {"query in a path", kValue, "paths[", [](Table& t) { t.byte(text(t, "/v1"), 1) = '?'; }},
        {"no slash", kValue, "paths[", [](Table& t) { t.byte(text(t, "/v1"), 0) = 'x'; }},
        {"kinds",
         kValue,
         "paths[",
         [](Table& t) { std::swap(path(t, "/v1").has_exact, path(t, "/v1").has_prefix); }},
        {"kind that is none", kValue, "paths[", [](Table& t) { path(t, "/v1").has_prefix = 2; }},
        {"matches of another", kReference, "paths[", [](Table& t) { path(t, "/v1").matches += 1; }},
        {"matches outside", kReference, "paths[", [](Table& t) { path(t, "/v1").matches = ~0U; }},
    });
}

// The text is in the pool, so a path of it could be found; it is nobody's to ask for.
TEST(VerifyRoutes, a_path_may_not_be_long) {
    Table table(built(sample_routes()));
    path(table, "/v1").text_length = limits::kPathBytes + 1;
    EXPECT_FALSE(table.verify());
}

// A host with one path, so that its place does not hang on its hash.
TEST(VerifyRoutes, paths_that_fit_no_match) {
    const auto with = [](PathKind kind, const char* text) {
        RoutesSpec spec = sample_routes();
        spec.hosts = {{"chat.example", {{kind, text, {}, 2}}}};
        return built(spec);
    };
    Table slash(with(PathKind::prefix, "/ab"));
    slash.byte({slash.view().paths()[0].text_offset, 3}, 2) = '/';
    Path& changed = path(slash, "/a/");
    changed.hash = hash_text("/a/");
    EXPECT_EQ(slash.verify().error().message, "paths[0]: prefix that ends with a slash");
    Table exact(with(PathKind::prefix, ""));
    Path& root = path(exact, "");
    root.has_exact = 1;
    root.has_prefix = 0;
    match(exact, root.matches).flags = static_cast<uint8_t>(PathKind::exact);
    EXPECT_EQ(exact.verify().error().message, "paths[0]: exact match of no path");
}

TEST(VerifyRoutes, path_depth) {
    Bytes bytes = built(sample_routes());
    ASSERT_EQ(RoutesView::verify(bytes)->path_depth(), 2U);
    for (const uint32_t wrong : {0U, 1U, 3U, ~0U}) {
        overwrite(bytes, header_of(bytes) + 12, wrong);
        EXPECT_EQ(RoutesView::verify(bytes).error().message, "header[0]: path depth");
    }
}

TEST(VerifyRoutes, path_order) {
    const auto place = [](Table& t, size_t i) -> uint32_t& {
        return t.at(t.view().path_order(), host(t).paths + i);
    };
    expect_refused({
        {"swapped", kOrder, "path_order[", [&](Table& t) { std::swap(place(t, 0), place(t, 1)); }},
        {"one twice", kOrder, "path_order[", [&](Table& t) { place(t, 2) = place(t, 1); }},
        {"of another host", kReference, "path_order[", [&](Table& t) { place(t, 3) = 4; }},
        {"far outside", kReference, "path_order[", [&](Table& t) { place(t, 0) = ~0U; }},
    });
}

TEST(VerifyRoutes, matches) {
    expect_refused({
        {"rule outside", kReference, "paths[", [](Table& t) { exact_match(t).rule = 3; }},
        {"rule of a regex outside",
         kReference,
         "hosts[",
         [](Table& t) { regex_match(t).match.rule = kNone; }},
        {"length", kValue, "paths[", [](Table& t) { exact_match(t).path_length += 1; }},
        {"regex has a length",
         kValue,
         "hosts[",
         [](Table& t) { regex_match(t).match.path_length = 1; }},
        {"path of kind regex", kValue, "paths[", [](Table& t) { exact_match(t).flags |= 2; }},
        {"regex of kind prefix",
         kValue,
         "hosts[",
         [](Table& t) { regex_match(t).match.flags = kMoreMatches | 1; }},
        {"unknown kind", kValue, "hosts[", [](Table& t) { regex_match(t).match.flags |= 3; }},
        {"unknown flags", kValue, "paths[", [](Table& t) { exact_match(t).flags |= 8; }},
        {"an exact one behind a prefix",
         kOrder,
         "paths[",
         [](Table& t) { exact_match(t).flags = kMoreMatches | 1; }},
        {"one too few", kValue, "paths[", [](Table& t) { exact_match(t).flags = 0; }},
        {"one too many",
         kValue,
         "paths[",
         [](Table& t) { match(t, path(t, "/v1").matches).flags |= kMoreMatches; }},
        {"regex outside", kReference, "hosts[", [](Table& t) { regex_match(t).regex = 9; }},
        {"regex has none", kReference, "hosts[", [](Table& t) { regex_match(t).regex = kNone; }},
        {"predicates of another",
         kReference,
         "paths[",
         [](Table& t) { exact_match(t).predicates += 1; }},
        {"predicates outside",
         kReference,
         "paths[",
         [](Table& t) { exact_match(t).predicate_count = limits::kPredicatesPerMatch; }},
        {"too many predicates",
         kLarge,
         "paths[",
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
