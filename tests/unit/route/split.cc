// Weights as promised: within 4 requests over every window, wherever the recurrence starts.
#include "proxy/route/split.h"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

#include "table/limits.h"
#include "tests/unit/route/fixture.h"

namespace sluice::route {
namespace {

table::RoutesSpec with_weights(const std::vector<uint32_t>& weights) {
    table::RoutesSpec spec;
    spec.rules.push_back(rule_named("rule"));
    spec.rules[0].splits.clear();
    for (size_t i = 0; i < weights.size(); ++i) {
        const std::string name = "Service/demo/s" + std::to_string(i) + "/80";
        spec.backends.push_back({table::hash64(name), name});
        spec.rules[0].splits.push_back({.weight = weights[i], .backend = static_cast<uint32_t>(i)});
    }
    spec.hosts.push_back({"", {{table::PathKind::prefix, "", {}, 0}}});
    return spec;
}

struct Split {
    explicit Split(const std::vector<uint32_t>& weights) : table(with_weights(weights)) {}
    const table::Rule& rule() const { return table.view.rules()[0]; }
    size_t arm(uint32_t draw) const {
        return &choose(table.view, rule(), draw) - &table.view.splits()[rule().splits];
    }
    Table table;
};

// The largest distance between what an arm got and its share, over all arms and all windows of
// `length` draws from `start`: the window's error is the difference of the errors at its ends.
double worst_error(const std::vector<uint32_t>& weights, uint32_t start, uint32_t length) {
    const Split split(weights);
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    std::vector<double> got(weights.size()), highest(weights.size()), lowest(weights.size());
    SplitState state{start};
    double worst = 0;
    for (uint32_t n = 1; n <= length; ++n) {
        ++got[split.arm(state.draw())];
        for (size_t i = 0; i < weights.size(); ++i) {
            const double error = got[i] - n * (weights[i] / total);
            highest[i] = std::max(highest[i], error);
            lowest[i] = std::min(lowest[i], error);
            worst = std::max(worst, highest[i] - lowest[i]);
        }
    }
    return worst;
}

void expect_close(const std::vector<uint32_t>& weights, uint32_t start, uint32_t length) {
    EXPECT_LT(worst_error(weights, start, length), 4.0)
        << testing::PrintToString(weights) << " from " << start;
}

TEST(Split, two_and_few_arms_up_to_a_million_requests) {
    const std::vector<std::vector<uint32_t>> all = {
        {90, 10},
        {1, 1},
        {999, 1},
        {1, 999},
        {618, 382},
        {999'999, 1},
        {1, 2, 3, 4},
        {98, 1, 1},
    };
    std::mt19937 random(17);
    for (const auto& weights : all) expect_close(weights, random(), 1'000'000);
    expect_close({90, 10}, 0, 1'000'000);
    expect_close({70, 30}, 0xffffffffu - 1000, 1'000'000);  // over the end of the counter
}

TEST(Split, as_many_arms_as_a_rule_may_have) {
    const size_t count = limits::kSplitsPerRule;
    std::vector<uint32_t> rising(count), halving(count), one_heavy(count, 1);
    std::iota(rising.begin(), rising.end(), 1);
    for (size_t i = 0; i < count; ++i) halving[i] = limits::kWeight >> (i % 19);
    one_heavy.back() = 10'000;
    expect_close(rising, 7, 100'000);
    expect_close(halving, 7, 100'000);
    expect_close(one_heavy, 7, 100'000);
    expect_close(std::vector<uint32_t>(count, 7), 7, 100'000);
    expect_close(std::vector<uint32_t>(count, limits::kWeight), 0xffff0000u, 100'000);
}

TEST(Split, random_weights_from_random_starts) {
    const uint32_t seed = 4242;
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (int i = 0; i < 200; ++i) {
        std::vector<uint32_t> weights(2 + random() % 8);
        const uint32_t largest = random() % 2 == 0 ? 1000 : limits::kWeight;
        for (auto& weight : weights) weight = 1 + random() % largest;
        expect_close(weights, random(), 20'000);
    }
}

TEST(Split, one_arm_takes_all) {
    const Split split({7});
    for (const uint32_t draw : {0u, 1u, 0x80000000u, 0xffffffffu}) EXPECT_EQ(split.arm(draw), 0u);
}

TEST(Split, the_rarest_arm_is_reached) {
    const Split split({static_cast<uint32_t>(limits::kWeight), 1});
    SplitState state;
    int rare = 0;
    for (uint32_t n = 0; n < 3'000'000; ++n) rare += split.arm(state.draw()) == 1;
    EXPECT_NEAR(rare, 3, 1);
}

// A client that sends two kinds of request in turn must not meet each arm with one kind only.
TEST(Split, does_not_lock_to_a_client_that_alternates) {
    const Split split({1, 1});
    SplitState state;
    int even_to_first = 0;
    for (int n = 0; n < 10'000; ++n) {
        const size_t arm = split.arm(state.draw());
        if (n % 2 == 0) even_to_first += arm == 0;
    }
    EXPECT_GT(even_to_first, 1500);
    EXPECT_LT(even_to_first, 3500);
}

TEST(Split, each_block_of_draws_is_a_permutation) {
    SplitState state{0xfffffff0u};
    for (uint32_t block = 0; block < 1000; ++block) {
        uint32_t seen = 0;
        for (uint32_t i = 0; i < 4; ++i) {
            const uint32_t draw = state.draw();
            ASSERT_EQ(draw >> 2, (0xfffffff0u + 4 * block) >> 2);
            seen |= 1u << (draw & 3);
        }
        ASSERT_EQ(seen, 15u);
    }
}

TEST(Split, independent_draws_are_fair_too) {
    const Split split({6, 3, 1});
    std::mt19937 random(5);
    std::array<double, 3> got{};
    for (int n = 0; n < 100'000; ++n) ++got[split.arm(static_cast<uint32_t>(random()))];
    EXPECT_NEAR(got[0], 60'000, 1000);
    EXPECT_NEAR(got[1], 30'000, 1000);
    EXPECT_NEAR(got[2], 10'000, 1000);
}

TEST(ChooseAmong, shares_grow_in_proportion) {
    const Split split({60, 30, 10});
    const table::Split* const first = &split.table.view.splits()[split.rule().splits];
    const auto usable = [&](const table::Split& arm) { return &arm != first; };
    std::array<int, 3> got{};
    SplitState state;
    for (int n = 0; n < 10'000; ++n) {
        ++got[choose_among(split.table.view, split.rule(), state.draw(), usable) - first];
    }
    EXPECT_EQ(got[0], 0);
    EXPECT_NEAR(got[1], 7500, 4);
    EXPECT_NEAR(got[2], 2500, 4);
}

TEST(ChooseAmong, agrees_with_choose_when_all_are_usable) {
    const Split split({1, 2, 3, 4});
    SplitState state;
    for (int n = 0; n < 10'000; ++n) {
        const uint32_t draw = state.draw();
        const auto* among =
            choose_among(split.table.view, split.rule(), draw, [](const auto&) { return true; });
        ASSERT_EQ(among, &choose(split.table.view, split.rule(), draw));
    }
}

TEST(ChooseAmong, none_usable_and_one_usable) {
    const Split split({5, 5});
    const auto& view = split.table.view;
    const table::Split* const first = &view.splits()[split.rule().splits];
    for (const uint32_t draw : {0u, 0x7fffffffu, 0xffffffffu}) {
        EXPECT_EQ(
            choose_among(view, split.rule(), draw, [](const auto&) { return false; }), nullptr
        );
        const auto only_second = [&](const table::Split& arm) { return &arm == first + 1; };
        EXPECT_EQ(choose_among(view, split.rule(), draw, only_second), first + 1);
    }
}

// The backends of these arms have endpoints or not; how often each arm is chosen.
std::vector<double> chosen(
    const std::vector<uint32_t>& weights, const std::vector<bool>& ready, uint32_t draws
) {
    const Split split(weights);
    const auto arms = split.table.view.splits().subspan(split.rule().splits, weights.size());
    std::vector<bool> backends(weights.size());  // the builder has an order of its own
    for (size_t i = 0; i < weights.size(); ++i) backends[arms[i].backend] = ready[i];
    const auto has_endpoints = [&](const table::Backend& backend) {
        return backends[static_cast<size_t>(&backend - split.table.view.backends().data())];
    };
    std::vector<double> got(weights.size());
    SplitState state{7};
    for (uint32_t i = 0; i < draws; ++i) {
        const auto* arm =
            choose_usable(split.table.view, split.rule(), state.draw(), has_endpoints);
        if (arm != nullptr) ++got[static_cast<size_t>(arm - arms.data())];
    }
    return got;
}

TEST(Usable, a_share_without_endpoints_goes_to_the_others_in_proportion) {
    const uint32_t draws = 120'000;
    const auto expect = [&](const std::vector<uint32_t>& weights, const std::vector<bool>& ready) {
        double total = 0;
        for (size_t i = 0; i < weights.size(); ++i) total += ready[i] ? weights[i] : 0;
        const std::vector<double> got = chosen(weights, ready, draws);
        for (size_t i = 0; i < weights.size(); ++i) {
            const double wanted = ready[i] ? draws * (weights[i] / total) : 0;
            EXPECT_NEAR(got[i], wanted, 12) << testing::PrintToString(weights) << " arm " << i;
        }
    };
    expect({1, 1, 2}, {true, true, false});
    expect({1, 1, 1}, {false, true, true});
    expect({90, 10}, {false, true});
    expect({50, 30, 15, 5}, {false, true, false, true});
    expect({3, 2, 1}, {true, true, true});
}

TEST(Usable, nothing_when_no_arm_can_be_used) {
    EXPECT_EQ(chosen({1}, {false}, 100)[0], 0);
    EXPECT_EQ(chosen({1, 2}, {false, false}, 100), (std::vector<double>{0, 0}));
}

TEST(Usable, a_reference_that_does_not_exist_keeps_its_share) {
    table::RoutesSpec spec = with_weights({1, 1});
    spec.rules[0].splits[1] = {.weight = 1, .refuse = Reason::backend_not_found};
    const Table table(spec);
    const table::Rule& rule = table.view.rules()[0];
    int refused = 0;
    for (uint32_t draw = 0; draw < 1'000; ++draw) {
        const auto* split =
            choose_usable(table.view, rule, draw, [](const table::Backend&) { return true; });
        refused += split->backend == table::kNone;
    }
    EXPECT_EQ(refused, 500);
}

}  // namespace
}  // namespace sluice::route
