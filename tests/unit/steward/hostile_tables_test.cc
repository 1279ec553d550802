// Ten thousand bad tables, one after the other, to a steward that has a good one: each is refused
// with a reason and a sentence, and the good one, its slots and its copy stay as they are.
#include <array>
#include <filesystem>
#include <gtest/gtest.h>

#include "proxy/steward/keeper.h"
#include "tests/unit/live/state.h"
#include "tests/unit/new_folder.h"
#include "tests/unit/steward/damage.h"

namespace sluice::steward {
namespace {

using table::MessageKind;
using table::Segment;

constexpr int kTables = 10'000;
constexpr int64_t kNow = 1'000'000'000'000;
constexpr auto kClasses = static_cast<int>(Damage::kCount);

class HostileTables : public testing::Test {
protected:
    HostileTables() {
        directory_ = new_folder();
        good_ = keeper_.emplace(mapping_, current_, directory_)
                    .publish(sound(1).message, sound(1).descriptors, kNow);
    }
    ~HostileTables() override { std::filesystem::remove_all(directory_); }

    Publish sound(uint64_t generation) const {
        Publish publish(generation);
        publish.with(Segment::routes, routes_);
        publish.with(Segment::endpoints, endpoints_);
        return publish;
    }

    const table::Bytes routes_ = table::built(table::sample_routes());
    const table::Bytes endpoints_ = table::built(table::sample_endpoints());
    std::string directory_;
    live::Mapping mapping_ = live::testing::small_mapping(2);
    Current current_;
    std::optional<Keeper> keeper_;
    Answer good_;
};

// Which reasons a class of damage may get.
bool fits(Damage damage, Reason reason) {
    switch (damage) {
        case Damage::corrupt:
        case Damage::wrong_digest:
            return reason == Reason::table_corrupt;
        case Damage::foreign:
            return reason == Reason::table_foreign_schema;
        case Damage::unsealed:
            return reason == Reason::table_not_sealed;
        case Damage::not_whole:
            return reason == Reason::message_malformed || reason == Reason::table_bad_reference;
        default:
            return reason == Reason::table_corrupt || reason == Reason::table_too_large ||
                   reason == Reason::table_bad_reference || reason == Reason::table_bad_value ||
                   reason == Reason::table_out_of_order || reason == Reason::table_foreign_schema;
    }
}

TEST_F(HostileTables, AreRefusedWithAReasonAndTheGoodOneStays) {
    ASSERT_EQ(good_.message.kind, MessageKind::running) << good_.message.text;
    const auto before = current_.get();
    Damaged damaged(routes_, endpoints_, 7);
    std::array<int, kClasses> refused{};
    for (int i = 0; i < kTables; ++i) {
        const auto damage = static_cast<Damage>(i % kClasses);
        if (i % kClasses == 0) damaged.turn();
        const auto generation = static_cast<uint64_t>(i + 2);
        const Publish bad = damaged.make(damage, generation);
        const Answer answer = keeper_->publish(bad.message, bad.descriptors, kNow);
        ASSERT_EQ(answer.message.kind, MessageKind::refused) << "class " << i % kClasses;
        ASSERT_TRUE(fits(damage, answer.message.reason))
            << "class " << i % kClasses << ": " << reason_text(answer.message.reason) << ": "
            << answer.message.text;
        ASSERT_FALSE(answer.message.text.empty());
        ASSERT_EQ(answer.message.generation, generation);
        ASSERT_TRUE(answer.descriptors.empty());
        ASSERT_EQ(current_.get(), before) << "the other threads see the good one";
        ++refused[static_cast<size_t>(damage)];
    }
    for (const int count : refused) EXPECT_GE(count, kTables / kClasses);
    const Answer again = keeper_->publish(sound(20'000).message, sound(20'000).descriptors, kNow);
    EXPECT_EQ(again.message.kind, MessageKind::running) << again.message.text;
    EXPECT_EQ(current_.get()->routes->slots, before->routes->slots);
}

TEST_F(HostileTables, DoNotReachTheCopy) {
    Damaged damaged(routes_, endpoints_, 8);
    for (int i = 0; i < 20 * kClasses; ++i) {
        damaged.turn();
        const Publish bad =
            damaged.make(static_cast<Damage>(i % kClasses), static_cast<uint64_t>(i + 2));
        keeper_->publish(bad.message, bad.descriptors, kNow);
        keeper_->catch_up();
    }
    Current other;
    Keeper next(mapping_, other, directory_);
    const auto restored = next.restore(kNow);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->message.generation, 1U);
    EXPECT_EQ(restored->message.digests[0], table::digest(routes_));
    EXPECT_EQ(restored->message.digests[1], table::digest(endpoints_));
}

}  // namespace
}  // namespace sluice::steward
