// Deadlines: the defaults of the design, and the edges of what may be given.
#include "controller/compile/clocks.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::compile {
namespace {

table::RuleSpec defaults(bool ai) {
    table::RuleSpec spec{};
    spec.ai = ai;
    set_default_clocks(spec);
    return spec;
}

TEST(Clocks, DefaultsAreThoseOfTheDesign) {
    const table::RuleSpec plain = defaults(false);
    EXPECT_EQ(plain.connect_ms, 1'000u);
    EXPECT_EQ(plain.first_byte_ms, 60'000u);
    EXPECT_EQ(plain.idle_ms, 60'000u);
    EXPECT_EQ(plain.request_ms, 0u);
    const table::RuleSpec ai = defaults(true);
    EXPECT_EQ(ai.connect_ms, 1'000u);
    EXPECT_EQ(ai.first_byte_ms, 300'000u);
    EXPECT_EQ(ai.idle_ms, 60'000u);
    EXPECT_EQ(ai.request_ms, 0u);
}

TEST(Clocks, WhatIsGivenReplacesItsDefaultOnly) {
    table::RuleSpec spec = defaults(true);
    model::Timeouts timeouts;
    timeouts.idle_ms = 5'000;
    ASSERT_TRUE(set_clocks(spec, timeouts, "spec.rules[0]"));
    EXPECT_EQ(spec.idle_ms, 5'000u);
    EXPECT_EQ(spec.first_byte_ms, 300'000u);
}

TEST(Clocks, EachHoldsItsEdges) {
    struct Row {
        std::optional<int64_t> model::Timeouts::* member;
        int64_t least;
        const char* field;
    };
    const Row rows[] = {
        {&model::Timeouts::connect_ms, 1, "rule.timeouts.connect"},
        {&model::Timeouts::first_token_ms, 1, "rule.timeouts.firstToken"},
        {&model::Timeouts::idle_ms, 1, "rule.timeouts.idle"},
        {&model::Timeouts::request_ms, 0, "rule.timeouts.request"},
    };
    for (const Row& row : rows) {
        for (const int64_t good : {row.least, int64_t{limits::kTimeoutMs}}) {
            table::RuleSpec spec = defaults(false);
            model::Timeouts timeouts;
            timeouts.*row.member = good;
            EXPECT_TRUE(set_clocks(spec, timeouts, "rule")) << row.field << good;
        }
        for (const int64_t bad :
             {row.least - 1, int64_t{limits::kTimeoutMs} + 1, INT64_MAX, INT64_MIN}) {
            table::RuleSpec spec = defaults(false);
            model::Timeouts timeouts;
            timeouts.*row.member = bad;
            const auto done = set_clocks(spec, timeouts, "rule");
            ASSERT_FALSE(done) << row.field << bad;
            EXPECT_EQ(done.error().field, row.field);
            EXPECT_EQ(done.error().reason, Reason::invalid_field);
        }
    }
}

}  // namespace
}  // namespace sluice::compile
