// Slots over swaps: identity, retirement, reuse, and counts that survive.
#include "proxy/live/loads.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

namespace sluice::live {
namespace {

Identity id(uint64_t n) {
    return {n * 31 + 7, n};
}

std::vector<Slot> swap_in(Loads& loads, const std::vector<Identity>& identities) {
    std::vector<Slot> retired;
    return loads.bind(identities, retired);
}

TEST(Loads, gives_each_identity_its_own_slot_in_order) {
    Loads loads;
    std::vector<Slot> retired;
    const auto slots = loads.bind(std::vector{id(1), id(2), id(3)}, retired);
    EXPECT_EQ(slots, (std::vector<Slot>{0, 1, 2}));
    EXPECT_TRUE(retired.empty());
    EXPECT_EQ(loads.capacity(), 3u);
    for (const Slot slot : slots) EXPECT_EQ(loads.in_flight(slot), 0u);
}

TEST(Loads, an_empty_segment_binds_nothing) {
    Loads loads;
    EXPECT_TRUE(swap_in(loads, {}).empty());
    EXPECT_EQ(loads.capacity(), 0u);
}

TEST(Loads, counts_survive_a_rebind_in_another_order) {
    Loads loads;
    const auto before = swap_in(loads, {id(1), id(2)});
    loads.begin(before[1]);
    loads.begin(before[1]);
    const auto after = swap_in(loads, {id(3), id(2), id(1)});
    EXPECT_EQ(after[1], before[1]);
    EXPECT_EQ(after[2], before[0]);
    EXPECT_EQ(loads.in_flight(after[1]), 2u);
    EXPECT_EQ(loads.in_flight(after[0]), 0u);
}

TEST(Loads, identities_that_share_a_half_are_different) {
    Loads loads;
    const auto slots = swap_in(loads, {{1, 5}, {2, 5}, {1, 6}});
    EXPECT_EQ((std::set<Slot>(slots.begin(), slots.end()).size()), 3u);
}

TEST(Loads, the_same_identity_twice_shares_one_slot) {
    Loads loads;
    const auto slots = swap_in(loads, {id(1), id(1), id(2)});
    EXPECT_EQ(slots[0], slots[1]);
    EXPECT_NE(slots[0], slots[2]);
    EXPECT_EQ(loads.capacity(), 2u);
}

TEST(Loads, end_stays_at_zero) {
    Loads loads;
    const auto slots = swap_in(loads, {id(1)});
    loads.end(slots[0]);
    EXPECT_EQ(loads.in_flight(slots[0]), 0u);
    loads.begin(slots[0]);
    EXPECT_EQ(loads.in_flight(slots[0]), 1u);
    loads.end(slots[0]);
    loads.end(slots[0]);
    EXPECT_EQ(loads.in_flight(slots[0]), 0u);
}

TEST(Loads, reports_each_retired_slot_once) {
    Loads loads;
    const auto slots = swap_in(loads, {id(1), id(2)});
    std::vector<Slot> retired;
    loads.bind(std::vector{id(2)}, retired);
    EXPECT_EQ(retired, std::vector<Slot>{slots[0]});
    EXPECT_TRUE(loads.retired(slots[0]));
    EXPECT_FALSE(loads.retired(slots[1]));
    retired.clear();
    loads.bind(std::vector{id(2)}, retired);
    EXPECT_TRUE(retired.empty());
}

// Its idle connections still stand under the slot's number while the caller reads `retired`.
TEST(Loads, a_slot_is_not_reused_by_the_swap_that_retires_it) {
    Loads loads;
    const auto first = swap_in(loads, {id(1)});
    const auto second = swap_in(loads, {id(2)});
    EXPECT_NE(second[0], first[0]);
    const auto third = swap_in(loads, {id(2), id(3)});
    EXPECT_EQ(third[1], first[0]) << "idle and retired by an earlier swap: free to reuse";
    EXPECT_EQ(loads.capacity(), 2u);
}

TEST(Loads, a_retired_slot_with_requests_in_flight_is_not_reused) {
    Loads loads;
    const auto first = swap_in(loads, {id(1)});
    loads.begin(first[0]);
    swap_in(loads, {});
    for (uint64_t n = 10; n < 20; ++n) {
        const auto slots = swap_in(loads, {id(n), id(n + 1)});
        EXPECT_EQ(std::count(slots.begin(), slots.end(), first[0]), 0);
    }
    EXPECT_TRUE(loads.retired(first[0]));
    EXPECT_EQ(loads.in_flight(first[0]), 1u);
    loads.end(first[0]);
    std::set<Slot> seen;
    for (uint64_t n = 30; n < 33; ++n) {
        for (const Slot slot : swap_in(loads, {id(n), id(n + 100), id(n + 200)})) seen.insert(slot);
    }
    EXPECT_TRUE(seen.contains(first[0])) << "its last request ended, so it may serve again";
}

TEST(Loads, an_endpoint_that_comes_back_finds_its_count) {
    Loads loads;
    const auto first = swap_in(loads, {id(1), id(2)});
    loads.begin(first[0]);
    swap_in(loads, {id(2)});
    const auto back = swap_in(loads, {id(2), id(1)});
    EXPECT_EQ(back[1], first[0]);
    EXPECT_FALSE(loads.retired(first[0]));
    EXPECT_EQ(loads.in_flight(back[1]), 1u);
}

TEST(Loads, an_idle_endpoint_that_comes_back_is_not_reported_again) {
    Loads loads;
    const auto first = swap_in(loads, {id(1)});
    swap_in(loads, {});
    std::vector<Slot> retired;
    const auto back = loads.bind(std::vector{id(1)}, retired);
    EXPECT_EQ(back, first);
    EXPECT_TRUE(retired.empty());
}

TEST(Loads, pods_that_come_and_go_for_ever_do_not_grow_the_arrays) {
    Loads loads;
    for (uint64_t n = 0; n < 1000; ++n) swap_in(loads, {id(n), id(n + 1), id(n + 2)});
    EXPECT_LE(loads.capacity(), 8u);
}

// Loads beside a naive account of what is bound and what is open.
class Model {
public:
    explicit Model(uint64_t seed) : random_(seed) {}

    void swap() {
        std::vector<uint64_t> names;
        for (uint64_t n = 0; n < 40; ++n) {
            if (random_() % 2 == 0) names.push_back(n);
        }
        std::shuffle(names.begin(), names.end(), random_);
        std::vector<Identity> identities;
        for (const uint64_t name : names) identities.push_back(id(name));
        const auto slots = swap_in(loads_, identities);
        bound_.clear();
        owner_.clear();
        for (size_t i = 0; i < names.size(); ++i) {
            bound_.push_back({slots[i], names[i]});
            owner_[slots[i]] = names[i];
        }
        ASSERT_EQ(owner_.size(), names.size()) << "two identities share a slot";
        for (const Use& use : open_) {
            const auto owner = owner_.find(use.slot);
            if (owner == owner_.end()) continue;
            ASSERT_EQ(owner->second, use.name) << "given away while a request is on it";
        }
    }
    void step() {
        if (!bound_.empty() && random_() % 2 == 0) {
            open_.push_back(bound_[random_() % bound_.size()]);
            loads_.begin(open_.back().slot);
        } else if (!open_.empty()) {
            std::swap(open_[random_() % open_.size()], open_.back());
            loads_.end(open_.back().slot);
            open_.pop_back();
        }
    }
    void compare() const {
        std::vector<uint32_t> expected(loads_.capacity());
        for (const Use& use : open_) ++expected[use.slot];
        for (Slot slot = 0; slot < expected.size(); ++slot) {
            ASSERT_EQ(loads_.in_flight(slot), expected[slot]);
        }
    }

private:
    struct Use {
        Slot slot;
        uint64_t name;
    };
    std::mt19937_64 random_;
    Loads loads_;
    std::vector<Use> open_;
    std::vector<Use> bound_;
    std::map<Slot, uint64_t> owner_;
};

TEST(Loads, random_swaps_and_requests_agree_with_a_model) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE(seed);
        Model model(seed);
        for (int step = 0; step < 10'000 && !testing::Test::HasFatalFailure(); ++step) {
            if (step % 50 == 0) model.swap();
            model.step();
            if (step % 97 == 0) model.compare();
        }
    }
}

}  // namespace
}  // namespace sluice::live
