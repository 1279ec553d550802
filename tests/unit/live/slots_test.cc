// The slot table: who owns a slot, when it rests, when it is another's, and what a restart finds.
#include "proxy/live/slots.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>

#include "tests/unit/live/live.h"

namespace sluice::live {
namespace {

using test::Live;

constexpr uint32_t kReserved = 2;

SlotName name(uint64_t n) {
    return {.identity = {n * 31 + 7, n}, .first = "rule", .second = "backend"};
}

std::vector<SlotName> names(const std::vector<uint64_t>& numbers) {
    std::vector<SlotName> result;
    for (const uint64_t n : numbers) result.push_back(name(n));
    return result;
}

std::vector<Slot> swept(SlotTable& table, uint64_t oldest, int64_t now, uint32_t in_flight = 0) {
    std::vector<Slot> freed;
    table.sweep(
        oldest, now, [&](Slot) { return in_flight; }, [&](Slot slot) { freed.push_back(slot); }
    );
    return freed;
}

TEST(SlotTable, gives_slots_from_the_front_behind_the_reserved_ones) {
    Live live;
    SlotTable table(live.mapping.counter_slots(), kReserved);
    EXPECT_EQ(table.bind(names({5, 6, 5, 7}), 1, 0), (std::vector<Slot>{2, 3, 2, 4}));
    EXPECT_EQ(table.bound(), 3u);
    EXPECT_EQ(table.overflowed(), 0u);
    EXPECT_EQ(live.mapping.counter_slots()[1].state.load(), SlotState::free);
    EXPECT_EQ(live.mapping.counter_slots()[5].used, 0u);
}

TEST(SlotTable, nobody_owns_the_other_slot) {
    Live live;
    SlotTable table(live.mapping.load_slots(), 0);
    EXPECT_EQ(table.bind(names({1}), 1, 0), std::vector<Slot>{1});
    SlotTable none({}, 0);
    EXPECT_EQ(none.bind(names({1}), 1, 0), std::vector<Slot>{kOtherSlot});
}

TEST(SlotTable, identities_that_share_a_half_are_different) {
    Live live;
    SlotTable table(live.mapping.load_slots(), kReserved);
    const std::vector<SlotName> three{{{1, 5}, "", ""}, {{2, 5}, "", ""}, {{1, 6}, "", ""}};
    const auto slots = table.bind(three, 1, 0);
    EXPECT_EQ((std::set<Slot>(slots.begin(), slots.end()).size()), 3u);
}

TEST(SlotTable, a_retired_slot_is_freed_when_all_three_conditions_hold) {
    Live live;
    SlotTable table(live.mapping.load_slots(), kReserved);
    const Slot slot = table.bind(names({1}), 1, 0)[0];
    table.bind({}, 2, 1000);
    EXPECT_EQ(table.bound(), 0u);
    EXPECT_EQ(live.mapping.load_slots()[slot].state.load(), SlotState::retired);
    EXPECT_TRUE(swept(table, 2, 1000 + kRetiredNs - 1).empty());
    EXPECT_TRUE(swept(table, 1, 1000 + kRetiredNs).empty());
    EXPECT_TRUE(swept(table, 2, 1000 + kRetiredNs, 1).empty());
    EXPECT_NE(table.bind(names({9}), 3, 1000)[0], slot);
    EXPECT_EQ(swept(table, 2, 1000 + kRetiredNs), std::vector<Slot>{slot});
    EXPECT_EQ(live.mapping.load_slots()[slot].state.load(), SlotState::free);
    EXPECT_EQ(table.bind(names({9, 2}), 4, 2000)[1], slot);
}

TEST(SlotTable, a_name_that_comes_back_has_its_number_again) {
    Live live;
    SlotTable table(live.mapping.load_slots(), kReserved);
    const Slot slot = table.bind(names({1, 2}), 1, 0)[0];
    table.bind(names({2}), 2, 0);
    EXPECT_EQ(table.bind(names({2, 1}), 3, 0)[1], slot);
    EXPECT_EQ(table.bound(), 2u);
    EXPECT_TRUE(swept(table, 9, 10 * kRetiredNs).empty());
}

TEST(SlotTable, names_beyond_the_last_slot_share_the_other_one) {
    Live live;
    SlotTable table(live.mapping.load_slots().first(5), kReserved);
    const auto slots = table.bind(names({1, 2, 3, 4, 5}), 1, 0);
    EXPECT_EQ(slots, (std::vector<Slot>{2, 3, 4, kOtherSlot, kOtherSlot}));
    EXPECT_EQ(table.overflowed(), 2u);
    EXPECT_EQ(table.bind(names({1, 2, 3}), 2, 0), (std::vector<Slot>{2, 3, 4}));
    EXPECT_EQ(table.overflowed(), 0u);
    EXPECT_EQ(table.bound(), 3u);
}

TEST(SlotTable, the_next_table_goes_on_from_the_records) {
    Live live;
    const auto records = live.mapping.load_slots();
    SlotTable first(records, kReserved);
    const auto slots = first.bind(names({1, 2, 3}), 1, 0);
    first.bind(names({1, 3}), 2, 50);
    SlotTable second(records, kReserved);
    EXPECT_EQ(second.bound(), 2u);
    EXPECT_EQ(second.bind(names({3, 1, 4}), 3, 60), (std::vector<Slot>{slots[2], slots[0], 5}));
    EXPECT_EQ(swept(second, 2, 50 + kRetiredNs), std::vector<Slot>{slots[1]});
    SlotTable third(records, kReserved);
    EXPECT_EQ(third.bind(names({3, 1, 4, 7}), 4, 70)[3], slots[1]) << "freed, so found free";
}

TEST(SlotTable, half_written_and_foreign_records_are_free) {
    Live live;
    const auto records = live.mapping.load_slots();
    SlotTable(records, kReserved).bind(names({1, 2, 3, 4}), 1, 0);
    records[2].state.store(SlotState::free);  // died before its last store
    records[3].state.store(static_cast<SlotState>(77));
    records[5].identity = records[4].identity;
    SlotTable table(records, kReserved);
    EXPECT_EQ(table.bound(), 1u);
    EXPECT_EQ(table.bind(names({3}), 2, 0), std::vector<Slot>{4});
    const auto slots = table.bind(names({3, 10, 11, 12}), 3, 0);
    EXPECT_EQ((std::set<Slot>(slots.begin(), slots.end())), (std::set<Slot>{2, 3, 4, 5}));
}

TEST(SlotTable, texts_are_those_of_the_name) {
    Live live;
    const auto records = live.mapping.counter_slots();
    SlotTable table(records, kReserved);
    const std::vector<SlotName> one{{.identity = {1, 1}, .first = "ns/rule", .second = "ns/svc:80"}
    };
    const Slot slot = table.bind(one, 1, 0)[0];
    EXPECT_EQ(texts_of(records[slot]).first, "ns/rule");
    EXPECT_EQ(texts_of(records[slot]).second, "ns/svc:80");
    table.bind({}, 2, 0);
    EXPECT_EQ(texts_of(records[slot]).first, "ns/rule") << "its last numbers are still shown";
    swept(table, 2, kRetiredNs);
    EXPECT_EQ(texts_of(records[slot]).first, "");
    records[slot].state.store(SlotState::bound);
    records[slot].first_length = 0xffffffffu;
    records[slot].second_length = 0xffffffffu;
    EXPECT_EQ(texts_of(records[slot]).first.size(), records[slot].text.size());
    EXPECT_EQ(texts_of(records[slot]).second.size(), 0u);
}

TEST(SlotTable, names_that_are_cut_stay_different_and_whole_characters) {
    Live live;
    const auto records = live.mapping.counter_slots();
    SlotTable table(records, kReserved);
    const std::string same(400, 'x');
    const std::string umlauts = [] {
        std::string text;
        while (text.size() < 400) text += "\xc3\xa4";
        return text;
    }();
    const std::string one = same + "1";
    const std::string two = same + "2";
    const std::vector<SlotName> all{
        {.identity = {1, 1}, .first = one, .second = two},
        {.identity = {1, 2}, .first = two, .second = "short"},
        {.identity = {1, 3}, .first = one, .second = "short"},
        {.identity = {1, 4}, .first = "short", .second = umlauts},
        {.identity = {1, 5}, .first = std::string_view(same).substr(0, 307), .second = "short"},
    };
    const auto slots = table.bind(all, 1, 0);
    std::set<std::string> seen;
    for (const Slot slot : slots) {
        const SlotTexts texts = texts_of(records[slot]);
        EXPECT_LE(texts.first.size() + texts.second.size(), records[slot].text.size());
        seen.insert(std::string(texts.first) + "|" + std::string(texts.second));
    }
    EXPECT_EQ(seen.size(), all.size());
    EXPECT_EQ(texts_of(records[slots[0]]).first.size(), records[0].text.size() / 2);
    EXPECT_EQ(texts_of(records[slots[1]]).second, "short");
    EXPECT_EQ(texts_of(records[slots[4]]).first, all[4].first) << "fits, so it is not cut";
    const std::string_view cut = texts_of(records[slots[3]]).second;
    EXPECT_EQ(cut.find('~') % 2, 0u);
    EXPECT_EQ(cut.size() - cut.find('~'), 17u);
}

// The table beside a naive account of who is bound where and what is open.
class Model {
public:
    explicit Model(uint64_t seed) : random_(seed) {}

    void step() {
        now_ += static_cast<int64_t>(random_() % (kRetiredNs / 4));
        switch (random_() % 8) {
            case 0:
                return bind();
            case 1:
                return sweep();
            case 2:
                table_ = SlotTable(live_.mapping.load_slots(), kReserved);
                return;
            case 3:
                oldest_ = std::min(oldest_ + random_() % 6, generation_);
                return;
            default:
                return use();
        }
    }
    uint64_t freed() const { return freed_; }

private:
    struct Use {
        Slot slot;
        uint64_t owner;
    };

    void bind() {
        std::vector<uint64_t> numbers;
        for (uint64_t n = 0; n < 50; ++n) {
            if (random_() % 2 == 0) numbers.push_back(n);
        }
        std::shuffle(numbers.begin(), numbers.end(), random_);
        const auto slots = table_.bind(names(numbers), ++generation_, now_);
        bound_.clear();
        uint32_t others = 0;
        for (size_t i = 0; i < numbers.size(); ++i) {
            if (slots[i] == kOtherSlot) {
                ++others;
                continue;
            }
            ASSERT_GE(slots[i], kReserved);
            bound_.push_back({slots[i], numbers[i]});
            const auto [owner, is_new] = owners_.try_emplace(slots[i], numbers[i]);
            ASSERT_EQ(owner->second, numbers[i]) << "another's, and never freed";
        }
        ASSERT_EQ(table_.overflowed(), others);
        ASSERT_EQ(table_.bound(), bound_.size());
    }
    void sweep() {
        const auto in_flight = [&](Slot slot) {
            return std::count_if(open_.begin(), open_.end(), [&](const Use& use) {
                return use.slot == slot;
            });
        };
        table_.sweep(oldest_, now_, in_flight, [&](Slot slot) {
            EXPECT_EQ(in_flight(slot), 0);
            for (const Use& use : bound_) EXPECT_NE(use.slot, slot) << "freed while bound";
            EXPECT_EQ(owners_.erase(slot), 1u) << "freed twice";
            ++freed_;
        });
    }
    void use() {
        if (!bound_.empty() && open_.size() < 12 && random_() % 2 == 0) {
            open_.push_back(bound_[random_() % bound_.size()]);
        } else if (!open_.empty()) {
            std::swap(open_[random_() % open_.size()], open_.back());
            open_.pop_back();
        }
        for (const Use& each : open_) ASSERT_EQ(owners_.at(each.slot), each.owner);
    }

    Live live_;
    std::mt19937_64 random_;
    SlotTable table_{live_.mapping.load_slots(), kReserved};
    std::vector<Use> bound_;
    std::vector<Use> open_;
    std::map<Slot, uint64_t> owners_;  // until freed
    uint64_t generation_ = 0;
    uint64_t oldest_ = 0;
    int64_t now_ = 0;
    uint64_t freed_ = 0;
};

TEST(SlotTable, random_tables_sweeps_and_restarts_agree_with_a_model) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE(seed);
        Model model(seed);
        for (int step = 0; step < 5'000 && !testing::Test::HasFailure(); ++step) model.step();
        EXPECT_GT(model.freed(), 50u);
    }
}

}  // namespace
}  // namespace sluice::live
