// A publish through the steward: slots that stay, the copy, what other threads see, restoring.
#include "proxy/steward/keeper.h"

#include <filesystem>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <unistd.h>

#include "table/binding.h"
#include "tests/unit/live/state.h"
#include "tests/unit/new_folder.h"
#include "tests/unit/steward/tables.h"

namespace sluice::steward {
namespace {

using table::MessageKind;
using table::Segment;

constexpr int64_t kNow = 1'000'000'000'000;

class KeeperTest : public testing::Test {
protected:
    KeeperTest() { directory_ = new_folder(); }
    ~KeeperTest() override { std::filesystem::remove_all(directory_); }

    Keeper keeper() { return {mapping_, current_, directory_}; }
    static Publish whole(uint64_t generation, uint16_t port = 8'000) {
        Publish publish(generation);
        publish.with(Segment::routes, routes_bytes(routes_with({})));
        publish.with(Segment::endpoints, endpoints_bytes(port));
        return publish;
    }
    static Answer tell(Keeper& keeper, const Publish& publish, int64_t now_ns = kNow) {
        Answer answer = keeper.publish(publish.message, publish.descriptors, now_ns);
        keeper.catch_up();
        return answer;
    }
    // The numbers of the binding that an answer carries.
    static std::vector<uint32_t> slots_in(const Answer& answer, Segment segment) {
        size_t place = 0;
        for (size_t i = 0; i < static_cast<size_t>(segment); ++i) {
            place += answer.message.segments >> i & 1;
        }
        const auto mapping = table::Mapping::map(answer.descriptors.at(place).get());
        EXPECT_TRUE(mapping);
        constexpr size_t kHeadBytes = 24;
        const auto bytes = mapping->bytes().subspan(kHeadBytes);
        const auto* numbers = reinterpret_cast<const uint32_t*>(bytes.data());
        return {numbers, numbers + bytes.size() / sizeof(uint32_t)};
    }

    std::string directory_;
    live::Mapping mapping_ = live::testing::small_mapping(2);
    Current current_;
};

TEST_F(KeeperTest, AGoodTableIsBoundAndShown) {
    Keeper keeping = keeper();
    const Answer answer = tell(keeping, whole(3));
    ASSERT_EQ(answer.message.kind, MessageKind::running) << answer.message.text;
    EXPECT_EQ(answer.message.generation, 3U);
    EXPECT_EQ(
        answer.message.segments,
        table::bit_of(Segment::rule_slots) | table::bit_of(Segment::endpoint_slots)
    );
    // One rule, one split: its place, its own slot, its backend's.
    const auto rule = slots_in(answer, Segment::rule_slots);
    ASSERT_EQ(rule.size(), 3U);
    EXPECT_EQ(rule[0], 1U);
    EXPECT_GT(rule[1], live::kUnroutedSlot);
    EXPECT_GT(rule[2], live::kUnroutedSlot);
    EXPECT_NE(rule[1], rule[2]);
    const auto texts = live::texts_of(mapping_.counter_slots()[rule[2]]);
    EXPECT_EQ(texts.first, "ModelRoute/demo/chat/default");
    EXPECT_EQ(texts.second, "Service/demo/llama/http");
    const auto endpoint = slots_in(answer, Segment::endpoint_slots);
    ASSERT_EQ(endpoint.size(), 1U);
    EXPECT_EQ(live::texts_of(mapping_.load_slots()[endpoint[0]]).second, "10.0.0.1:8000");
    const auto shown = current_.get();
    EXPECT_EQ(shown->generation, 3U);
    EXPECT_EQ(shown->routes->slots, rule);
    EXPECT_EQ(shown->endpoints->slots, endpoint);
}

TEST_F(KeeperTest, EndpointsAloneLeaveTheRoutesAsTheyAre) {
    Keeper keeping = keeper();
    const Publish first = whole(1);
    tell(keeping, first);
    const auto before = current_.get();
    Publish second(2, first.message.digests);
    second.with(Segment::endpoints, endpoints_bytes(8'001));
    const Answer answer = tell(keeping, second);
    EXPECT_EQ(answer.message.segments, table::bit_of(Segment::endpoint_slots));
    EXPECT_EQ(current_.get()->routes, before->routes);
    EXPECT_NE(current_.get()->endpoints, before->endpoints);
}

TEST_F(KeeperTest, NamesKeepTheirSlotsOverTablesAndStewards) {
    Keeper keeping = keeper();
    const auto rule = slots_in(tell(keeping, whole(1)), Segment::rule_slots);
    const auto again = tell(keeping, whole(2, 8'001));
    EXPECT_EQ(slots_in(again, Segment::rule_slots), rule);
    Keeper next = keeper();
    const auto after = tell(next, whole(3, 8'001));
    EXPECT_EQ(slots_in(after, Segment::rule_slots), rule);
    EXPECT_EQ(slots_in(after, Segment::endpoint_slots), slots_in(again, Segment::endpoint_slots));
}

TEST_F(KeeperTest, ARefusalChangesNothing) {
    Keeper keeping = keeper();
    tell(keeping, whole(1));
    const auto before = current_.get();
    Publish bad = whole(2, 8'001);
    bad.message.digests[1] ^= 1;
    const Answer answer = tell(keeping, bad);
    EXPECT_EQ(answer.message.kind, MessageKind::refused);
    EXPECT_EQ(answer.message.reason, Reason::table_corrupt);
    EXPECT_TRUE(answer.descriptors.empty());
    EXPECT_EQ(current_.get(), before);
    Keeper next = keeper();
    EXPECT_EQ(next.restore(kNow)->message.generation, 1U) << "nor does it reach the copy";
}

// Verified, but no descriptor is left for its slots.
TEST_F(KeeperTest, WithoutMemoryForSlotsWhatRunsGoesOn) {
    Keeper keeping = keeper();
    const Publish first = whole(1);
    const auto slot = slots_in(tell(keeping, first), Segment::endpoint_slots)[0];
    Publish second(2, first.message.digests);
    second.with(Segment::endpoints, endpoints_bytes(8'001));
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const Answer refused = tell(keeping, second);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    ASSERT_EQ(refused.message.reason, Reason::internal);
    for (uint32_t i = 0; i < 2; ++i) {
        mapping_.worker(i).running.store(1);
        mapping_.worker(i).generation.store(3);
    }
    keeping.sweep(kNow + live::kRetiredNs + 1);
    EXPECT_EQ(live::texts_of(mapping_.load_slots()[slot]).second, "10.0.0.1:8000") << "it runs";
    Publish third(3, first.message.digests);
    third.with(Segment::routes, routes_bytes(routes_with({})));
    const Answer answer = tell(keeping, third);
    EXPECT_EQ(answer.message.kind, MessageKind::running) << answer.message.text;
}

TEST_F(KeeperTest, TheLastGoodTableIsRestored) {
    Keeper keeping = keeper();
    const Publish first = whole(4);
    tell(keeping, first);
    Publish second(5, first.message.digests);
    second.with(Segment::endpoints, endpoints_bytes(8'001));
    tell(keeping, second);

    Current current;
    const live::Mapping mapping = live::testing::small_mapping(2);
    Keeper next(mapping, current, directory_);
    const auto restored = next.restore(kNow);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->message.kind, MessageKind::restored);
    EXPECT_EQ(restored->message.generation, 5U);
    EXPECT_EQ(restored->message.digests[0], second.message.digests[0]);
    EXPECT_EQ(restored->message.digests[1], second.message.digests[1]);
    ASSERT_EQ(restored->descriptors.size(), 4U) << "routes, endpoints and the slots of both";
    EXPECT_EQ(slots_in(*restored, Segment::endpoint_slots).size(), 1U);
    EXPECT_EQ(current.get()->generation, 5U);
    // The controller goes on from there, with the endpoints alone.
    Publish third(6, second.message.digests);
    third.with(Segment::endpoints, endpoints_bytes(8'002));
    EXPECT_EQ(tell(next, third).message.kind, MessageKind::running);
}

TEST_F(KeeperTest, WithoutADirectoryNothingIsKept) {
    Keeper keeping(mapping_, current_, "");
    EXPECT_EQ(tell(keeping, whole(1)).message.kind, MessageKind::running);
    EXPECT_FALSE(keeping.restore(kNow));
    EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(KeeperTest, HalfACopyOrADamagedOneIsNotUsed) {
    Keeper keeping = keeper();
    tell(keeping, whole(1));
    std::filesystem::resize_file(directory_ + "/endpoints", 40);
    EXPECT_FALSE(keeper().restore(kNow));
    std::filesystem::remove(directory_ + "/endpoints");
    EXPECT_FALSE(keeper().restore(kNow));
}

TEST_F(KeeperTest, WhatACopyFailedToWriteGoesWithTheNextOne) {
    Keeper keeping = keeper();
    const Publish first = whole(1);
    tell(keeping, first);
    std::filesystem::create_directory(directory_ + "/endpoints.new");  // in the way
    Publish second(2, first.message.digests);
    second.with(Segment::endpoints, endpoints_bytes(8'001));
    tell(keeping, second);
    std::filesystem::remove(directory_ + "/endpoints.new");
    Publish third(3, second.message.digests);
    third.with(Segment::routes, routes_bytes(routes_with({}, "other.example")));
    tell(keeping, third);
    Keeper next = keeper();
    const auto restored = next.restore(kNow);
    ASSERT_TRUE(restored);
    EXPECT_EQ(restored->message.digests[1], second.message.digests[1]) << "of one table";
}

TEST_F(KeeperTest, ADirectoryThatCannotBeWrittenHoldsNothingUp) {
    Keeper keeping(mapping_, current_, directory_ + "/none");
    EXPECT_EQ(tell(keeping, whole(1)).message.kind, MessageKind::running);
}

// A slot rests until nothing is in flight, every worker has passed its generation and ten minutes
// went by; then its numbers are zero and it may be another's.
TEST_F(KeeperTest, SlotsAreFreedAndZeroed) {
    Keeper keeping = keeper();
    const auto old_slot = slots_in(tell(keeping, whole(1)), Segment::endpoint_slots)[0];
    tell(keeping, whole(2, 8'001));
    const int64_t later = kNow + live::kRetiredNs + 1;
    // One of them counts as stuck, or refuses the newer table: it serves by its own all the same.
    mapping_.worker(0).running.store(1);
    mapping_.worker(0).generation.store(2);
    mapping_.worker(1).generation.store(1);
    keeping.sweep(later);
    EXPECT_FALSE(live::texts_of(mapping_.load_slots()[old_slot]).second.empty()) << "too early";
    live::Loads loads(mapping_, 1);
    loads.begin(old_slot);
    loads.failed(old_slot);
    for (uint32_t i = 0; i < 2; ++i) mapping_.worker(i).generation.store(2);
    keeping.sweep(later);
    EXPECT_FALSE(live::texts_of(mapping_.load_slots()[old_slot]).second.empty()) << "in flight";
    loads.end(old_slot);
    keeping.sweep(later);
    EXPECT_TRUE(live::texts_of(mapping_.load_slots()[old_slot]).second.empty());
    EXPECT_EQ(loads.failures(old_slot), 0U);
}

}  // namespace
}  // namespace sluice::steward
