// Each rule that verify() keeps over rules and what they share: one thing is changed, and it is
// named.
#include <gtest/gtest.h>
#include <utility>

#include "table/limits.h"
#include "tests/unit/table/change.h"

namespace sluice::table {
namespace {

using Table = RoutesTable;

TEST(VerifyRoutes, rules) {
    expect_refused({
        {"name outside",
         kReference,
         "rules[0]",
         [](Table& t) { rule(t).name_offset = outside(t).offset; }},
        {"policy", kValue, "conducts[0]", [](Table& t) { conduct(t).policy = BalancePolicy{2}; }},
        {"ai", kValue, "conducts[0]", [](Table& t) { conduct(t).ai = 2; }},
        {"reserved", kValue, "rules[2]", [](Table& t) { rule(t, 2).reserved = 1; }},
        {"reserved of a conduct",
         kValue,
         "conducts[2]",
         [](Table& t) { conduct(t, 2).reserved = 1; }},
        {"conduct outside", kReference, "rules[2]", [](Table& t) { rule(t, 2).conduct = 3; }},
        {"conduct of a later rule", kReference, "rules[0]", [](Table& t) { rule(t).conduct = 1; }},
        {"conduct of no rule", kReference, "conducts[2]", [](Table& t) { rule(t, 2).conduct = 0; }},
        {"connect 0", kValue, "conducts[2]", [](Table& t) { conduct(t, 2).connect_ms = 0; }},
        {"first byte 0", kValue, "conducts[2]", [](Table& t) { conduct(t, 2).first_byte_ms = 0; }},
        {"idle 0", kValue, "conducts[2]", [](Table& t) { conduct(t, 2).idle_ms = 0; }},
        {"connect long",
         kValue,
         "conducts[0]",
         [](Table& t) { conduct(t).connect_ms = limits::kTimeoutMs + 1; }},
        {"request long",
         kValue,
         "conducts[0]",
         [](Table& t) { conduct(t).request_ms = limits::kTimeoutMs + 1; }},
        {"rewrite kind",
         kValue,
         "conducts[0]",
         [](Table& t) { conduct(t).rewrite_kind = RewriteKind{3}; }},
        {"path without a kind",
         kValue,
         "conducts[0]",
         [](Table& t) { conduct(t).rewrite_kind = RewriteKind::none; }},
        {"rewrite path outside",
         kReference,
         "conducts[0]",
         [](Table& t) { conduct(t).rewrite_path = kWraps; }},
        {"rewrite path",
         kValue,
         "conducts[0]",
         [](Table& t) { t.byte(conduct(t).rewrite_path, 0) = 'x'; }},
        {"rewrite path with a space",
         kValue,
         "conducts[0]",
         [](Table& t) { t.byte(conduct(t).rewrite_path, 2) = ' '; }},
        {"rewrite host outside",
         kReference,
         "conducts[0]",
         [](Table& t) { conduct(t).rewrite_host = outside(t); }},
        {"rewrite host",
         kValue,
         "conducts[0]",
         [](Table& t) { t.byte(conduct(t).rewrite_host, 2) = '/'; }},
        {"neither splits nor redirect",
         kValue,
         "rules[1]",
         [](Table& t) { conduct(t, 1).redirect = kNone; }},
        {"redirect outside", kReference, "conducts[1]", [](Table& t) { conduct(t, 1).redirect = 1; }
        },
        {"redirect of another", kReference, "conducts[1]", [](Table& t) { conduct(t).redirect = 0; }
        },
    });
}

TEST(VerifyRoutes, splits) {
    expect_refused({
        {"of another", kReference, "rules[2]", [](Table& t) { rule(t, 2).splits = 0; }},
        {"outside", kReference, "rules[0]", [](Table& t) { rule(t).split_count = 255; }},
        {"weight 0", kValue, "rules[0]", [](Table& t) { split(t, 1).weight = 0; }},
        {"weight large",
         kValue,
         "rules[0]",
         [](Table& t) { split(t, 1).weight = limits::kWeight + 1; }},
        {"reason",
         kValue,
         "rules[0]",
         [](Table& t) { split(t, 2).reason = static_cast<uint32_t>(Reason::kCount); }},
        {"backend outside", kReference, "rules[0]", [](Table& t) { split(t, 0).backend = 2; }},
        {"no backend", kReference, "rules[0]", [](Table& t) { split(t, 0).backend = kNone; }},
        {"refused with a backend", kValue, "rules[0]", [](Table& t) { split(t, 2).backend = 0; }},
    });
}

TEST(VerifyRoutes, edits) {
    expect_refused({
        {"of another",
         kReference,
         "conducts[0]",
         [](Table& t) { conduct(t).response_edits = conduct(t).request_edits; }},
        {"outside",
         kReference,
         "conducts[0]",
         [](Table& t) { conduct(t).response_edits.count = limits::kEditsPerRule; }},
        {"of nobody", kReference, "edits[", [](Table& t) { conduct(t).response_edits = {}; }},
        {"kind", kValue, "conducts[0]", [](Table& t) { edit(t).kind = EditKind{3}; }},
        {"name outside", kReference, "conducts[0]", [](Table& t) { edit(t).name = outside(t); }},
        {"value outside", kReference, "conducts[0]", [](Table& t) { edit(t).value = outside(t); }},
        {"no name", kValue, "conducts[0]", [](Table& t) { edit(t).name = {}; }},
        {"name with a colon", kValue, "conducts[0]", [](Table& t) { t.byte(edit(t).name, 1) = ':'; }
        },
        {"removal with a value",
         kValue,
         "conducts[0]",
         [](Table& t) { edit(t, 2).value = edit(t, 0).value; }},
        {"reserved", kValue, "conducts[0]", [](Table& t) { edit(t).reserved[0] = 1; }},
    });
}

TEST(VerifyRoutes, redirects) {
    expect_refused({
        {"status", kValue, "conducts[1]", [](Table& t) { redirect(t).status = 200; }},
        {"scheme", kValue, "conducts[1]", [](Table& t) { t.byte(redirect(t).scheme, 0) = 'x'; }},
        {"scheme outside",
         kReference,
         "conducts[1]",
         [](Table& t) { redirect(t).scheme = outside(t); }},
        {"host", kValue, "conducts[1]", [](Table& t) { t.byte(redirect(t).host, 0) = '@'; }},
        {"host outside", kReference, "conducts[1]", [](Table& t) { redirect(t).host = kWraps; }},
        {"path", kValue, "conducts[1]", [](Table& t) { t.byte(redirect(t).path, 0) = '\\'; }},
        {"path outside", kReference, "conducts[1]", [](Table& t) { redirect(t).path = kWraps; }},
        {"path kind",
         kValue,
         "conducts[1]",
         [](Table& t) { redirect(t).path_kind = RewriteKind{9}; }},
        {"reserved", kValue, "conducts[1]", [](Table& t) { redirect(t).reserved[1] = 1; }},
    });
}

// A rule that redirects may keep its splits: either can go without the other's check failing first.
TEST(VerifyRoutes, what_no_rule_owns) {
    RoutesSpec spec = sample_routes();
    spec.rules[1].splits = {{.weight = 1, .backend = 0}};
    std::swap(spec.rules[1], spec.rules[2]);
    Table no_splits(built(spec));
    rule(no_splits, 2).splits = 0;
    rule(no_splits, 2).split_count = 0;
    EXPECT_EQ(no_splits.verify().error().message, "splits[4]: belongs to no rule");
    Table no_redirect(built(spec));
    conduct(no_redirect, 2).redirect = kNone;
    EXPECT_EQ(no_redirect.verify().error().message, "redirects[0]: belongs to no rule");
}

TEST(VerifyRoutes, backends_and_regexes) {
    const auto backend = [](Table& t, size_t i) -> Backend& {
        return t.at(t.view().backends(), i);
    };
    const auto regex = [](Table& t, size_t i) -> Regex& { return t.at(t.view().regexes(), i); };
    expect_refused({
        {"one key twice",
         Reason::key_collision,
         "backends[1]",
         [&](Table& t) { backend(t, 1).key = backend(t, 0).key; }},
        {"keys descend",
         kOrder,
         "backends[1]",
         [&](Table& t) { std::swap(backend(t, 0), backend(t, 1)); }},
        {"name outside",
         kReference,
         "backends[0]",
         [&](Table& t) { backend(t, 0).name = outside(t); }},
        {"digest", kValue, "regexes[1]", [&](Table& t) { regex(t, 1).digest += 1; }},
        {"pattern outside",
         kReference,
         "regexes[0]",
         [&](Table& t) { regex(t, 0).pattern = outside(t); }},
    });
}

TEST(VerifyRoutes, no_text_has_a_control_byte) {
    for (const char byte : {'\0', '\r', '\n', '\x1f', '\x7f'}) {
        Table table(built(sample_routes()));
        table.byte(edit(table).value, 0) = byte;
        const auto verified = table.verify();
        ASSERT_FALSE(verified);
        EXPECT_EQ(verified.error().reason, kValue);
        EXPECT_EQ(verified.error().message, "pool: has a control byte");
    }
}

}  // namespace
}  // namespace sluice::table
