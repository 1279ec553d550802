// Picks: fairness, preference for the less loaded, what was tried, and the edges of small sets.
#include "proxy/balance/pick.h"

#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <random>

#include "tests/unit/live/state.h"

namespace sluice::balance {
namespace {

constexpr auto kLeast = table::BalancePolicy::least_requests;
constexpr auto kTurns = table::BalancePolicy::round_robin;

// A backend of `count` endpoints with these loads.
class Pool {
public:
    explicit Pool(std::vector<uint32_t> in_flight) {
        for (size_t i = 0; i < in_flight.size(); ++i) {
            slots.push_back(static_cast<live::Slot>(1 + i));
            for (uint32_t n = 0; n < in_flight[i]; ++n) loads.begin(slots[i]);
        }
    }
    uint32_t pick(table::BalancePolicy policy, uint64_t draw = 0) {
        return balance::pick(policy, slots, loads, tried, turn, draw);
    }

    std::unique_ptr<live::testing::State> live = std::make_unique<live::testing::State>();
    live::Loads& loads = live->loads;
    std::vector<live::Slot> slots;
    Tried tried;
    RoundRobinState turn;
};

Pool equal(size_t count) {
    return Pool(std::vector<uint32_t>(count, 0));
}

TEST(Pick, nothing_to_pick_from) {
    Pool pool = equal(0);
    EXPECT_EQ(pool.pick(kLeast, 123), kNoPick);
    EXPECT_EQ(pool.pick(kTurns), kNoPick);
}

TEST(Pick, one_endpoint_takes_every_request_and_every_retry) {
    for (const auto policy : {kLeast, kTurns}) {
        Pool pool({7});
        for (const uint64_t draw : {uint64_t{0}, ~uint64_t{0}, uint64_t{1} << 63}) {
            EXPECT_EQ(pool.pick(policy, draw), 0u);
        }
        pool.tried.add(pool.slots[0]);
        EXPECT_EQ(pool.pick(policy, 99), 0u);
    }
}

TEST(Pick, of_two_the_less_loaded_whatever_the_draw) {
    Pool pool({3, 2});
    std::mt19937_64 random(1);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(pool.pick(kLeast, random()), 1u);
}

TEST(Pick, equal_loads_go_to_the_first_draw) {
    Pool pool = equal(2);
    EXPECT_EQ(pool.pick(kLeast, 0), 0u);
    EXPECT_EQ(pool.pick(kLeast, uint64_t{1} << 63), 1u);
}

TEST(Pick, extreme_draws_stay_inside) {
    for (size_t count = 1; count <= 70; ++count) {
        Pool pool = equal(count);
        for (const uint64_t draw :
             {uint64_t{0}, ~uint64_t{0}, uint64_t{0xffffffff}, ~uint64_t{0} << 32}) {
            ASSERT_LT(pool.pick(kLeast, draw), count);
        }
    }
}

// Chi-square with 63 degrees of freedom; 115 is beyond the 99.99 % quantile.
TEST(Pick, equal_loads_are_drawn_evenly) {
    Pool pool = equal(64);
    std::mt19937_64 random(42);
    std::array<double, 64> seen{};
    const int draws = 256'000;
    for (int i = 0; i < draws; ++i) ++seen[pool.pick(kLeast, random())];
    double chi_square = 0;
    const double expected = draws / 64.0;
    for (const double count : seen)
        chi_square += (count - expected) * (count - expected) / expected;
    EXPECT_LT(chi_square, 115);
}

// The most loaded of n loses every comparison, so two distinct draws never pick it; the second most
// loaded wins against it alone, with probability 2 / (n (n - 1)).
TEST(Pick, two_draws_are_distinct_and_uniform_over_pairs) {
    Pool pool({0, 1, 2, 3, 4});
    std::mt19937_64 random(7);
    std::array<int, 5> seen{};
    const int draws = 100'000;
    for (int i = 0; i < draws; ++i) ++seen[pool.pick(kLeast, random())];
    EXPECT_EQ(seen[4], 0);
    const std::array<double, 5> share{0.4, 0.3, 0.2, 0.1, 0};
    for (size_t i = 0; i < 5; ++i) EXPECT_NEAR(seen[i] / double(draws), share[i], 0.01) << i;
}

TEST(Pick, closed_loop_keeps_loads_together) {
    Pool pool = equal(16);
    std::mt19937_64 random(3);
    for (int i = 0; i < 1600; ++i) pool.loads.begin(pool.slots[pool.pick(kLeast, random())]);
    for (const live::Slot slot : pool.slots) EXPECT_NEAR(pool.loads.in_flight(slot), 100, 4);
}

TEST(Pick, a_stuck_endpoint_starves_while_the_others_move) {
    Pool pool({50, 0, 0, 0});
    std::mt19937_64 random(5);
    int to_stuck = 0;
    for (int i = 0; i < 10'000; ++i) {
        const uint32_t index = pool.pick(kLeast, random());
        to_stuck += index == 0;
    }
    EXPECT_EQ(to_stuck, 0);
}

TEST(Pick, what_was_tried_is_passed_over_though_it_is_idle) {
    Pool pool({0, 9, 9, 9});
    pool.tried.add(pool.slots[0]);
    std::mt19937_64 random(11);
    std::array<int, 4> seen{};
    for (int i = 0; i < 30'000; ++i) ++seen[pool.pick(kLeast, random())];
    EXPECT_EQ(seen[0], 0);
    for (size_t i = 1; i < 4; ++i) EXPECT_NEAR(seen[i], 10'000, 500) << i;
}

TEST(Pick, with_one_left_it_is_picked) {
    Pool pool({0, 0, 5});
    pool.tried.add(pool.slots[0]);
    pool.tried.add(pool.slots[1]);
    std::mt19937_64 random(1);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(pool.pick(kLeast, random()), 2u);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(pool.pick(kTurns), 2u);
}

TEST(Pick, when_all_were_tried_the_less_loaded_is_tried_again) {
    Pool pool({4, 1});
    pool.tried.add(pool.slots[0]);
    pool.tried.add(pool.slots[1]);
    EXPECT_EQ(pool.pick(kLeast, 0), 1u);
    EXPECT_LT(pool.pick(kTurns), 2u);
}

TEST(Pick, tried_endpoints_of_another_backend_do_not_matter) {
    Pool pool = equal(2);
    pool.tried.add(77);
    EXPECT_EQ(pool.pick(kLeast, 0), 0u);
    EXPECT_EQ(pool.pick(kTurns), 0u);
    EXPECT_EQ(pool.pick(kTurns), 1u);
}

TEST(RoundRobin, goes_in_turn_from_anywhere) {
    Pool pool({9, 0, 4});
    pool.turn.next = 0xfffffffe;
    const uint32_t start = 0xfffffffe % 3;
    for (uint32_t i = 0; i < 30; ++i) ASSERT_EQ(pool.pick(kTurns), (start + i) % 3);
}

TEST(RoundRobin, is_exact_over_whole_turns) {
    Pool pool = equal(7);
    std::array<int, 7> seen{};
    for (int i = 0; i < 7000; ++i) ++seen[pool.pick(kTurns)];
    for (const int count : seen) EXPECT_EQ(count, 1000);
}

TEST(RoundRobin, skips_what_was_tried_and_goes_on_behind_it) {
    Pool pool = equal(4);
    pool.tried.add(pool.slots[1]);
    pool.tried.add(pool.slots[2]);
    EXPECT_EQ(pool.pick(kTurns), 0u);
    EXPECT_EQ(pool.pick(kTurns), 3u);
    EXPECT_EQ(pool.pick(kTurns), 0u);
}

TEST(RoundRobin, survives_a_shrinking_backend) {
    Pool pool = equal(8);
    for (int i = 0; i < 7; ++i) pool.pick(kTurns);
    pool.slots.resize(3);
    for (int i = 0; i < 9; ++i) ASSERT_LT(pool.pick(kTurns), 3u);
}

TEST(Tried, keeps_the_newest) {
    Tried tried;
    EXPECT_FALSE(tried.contains(1));
    for (live::Slot slot = 1; slot <= Tried::kMost; ++slot) tried.add(slot);
    for (live::Slot slot = 1; slot <= Tried::kMost; ++slot) EXPECT_TRUE(tried.contains(slot));
    tried.add(50);
    EXPECT_EQ(tried.count, Tried::kMost);
    EXPECT_FALSE(tried.contains(1));
    EXPECT_TRUE(tried.contains(2));
    EXPECT_TRUE(tried.contains(50));
}

TEST(Tried, does_not_see_beyond_its_count) {
    Tried tried;
    EXPECT_FALSE(tried.contains(0));
    EXPECT_FALSE(tried.contains(live::kNoSlot));
}

}  // namespace
}  // namespace sluice::balance
