// Bindings: what was written is read, anything else is refused.
#include "table/binding.h"

#include <gtest/gtest.h>
#include <vector>

namespace sluice::table {
namespace {

const std::vector<uint32_t> kSlots{7, 0, 262'143, 1};

TEST(Binding, WhatWasWrittenIsRead) {
    const auto bytes = binding_bytes(42, kSlots);
    const auto slots = binding_slots(bytes, 42, kSlots.size());
    ASSERT_TRUE(slots);
    EXPECT_EQ(std::vector(slots->begin(), slots->end()), kSlots);
}

TEST(Binding, ASegmentWithoutEntriesHasAnEmptyOne) {
    const auto slots = binding_slots(binding_bytes(42, {}), 42, 0);
    ASSERT_TRUE(slots);
    EXPECT_TRUE(slots->empty());
}

TEST(Binding, OneOfAnotherSegmentIsRefused) {
    const auto bytes = binding_bytes(42, kSlots);
    EXPECT_EQ(binding_slots(bytes, 43, kSlots.size()).error().reason, Reason::table_bad_reference);
    EXPECT_EQ(
        binding_slots(bytes, 42, kSlots.size() + 1).error().reason, Reason::table_bad_reference
    );
    EXPECT_EQ(
        binding_slots(bytes, 42, kSlots.size() - 1).error().reason, Reason::table_bad_reference
    );
}

TEST(Binding, EveryCutAndEveryLongerOneIsRefused) {
    auto bytes = binding_bytes(42, kSlots);
    for (size_t length = 0; length < bytes.size(); ++length) {
        EXPECT_FALSE(binding_slots(std::span(bytes).first(length), 42, kSlots.size())) << length;
    }
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(binding_slots(bytes, 42, kSlots.size()));
}

TEST(Binding, ACountThatWouldOverflowIsRefused) {
    const auto bytes = binding_bytes(42, {});
    EXPECT_FALSE(binding_slots(bytes, 42, size_t{1} << 62));
}

}  // namespace
}  // namespace sluice::table
