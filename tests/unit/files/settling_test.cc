// Tests when a file is looked at again, with times and without files.
#include "controller/files/settling.h"

#include <gtest/gtest.h>

namespace sluice::files {
namespace {

constexpr int64_t at_ms(int64_t ms) {
    return ms * kMillisecond;
}

TEST(Settling, ATouchedFileIsRipeAfterItsRest) {
    Settling settling;
    EXPECT_EQ(settling.next_due(), std::nullopt);
    settling.touch("a", at_ms(1000));
    EXPECT_EQ(settling.next_due(), at_ms(1100));
    EXPECT_TRUE(settling.take_ripe(at_ms(1100) - 1).empty());
    const auto ripe = settling.take_ripe(at_ms(1100));
    ASSERT_EQ(ripe.size(), 1u);
    EXPECT_EQ(ripe[0].path, "a");
    EXPECT_FALSE(ripe[0].whole);
    EXPECT_FALSE(settling.contains("a"));
}

TEST(Settling, EachTouchBeginsTheRestAnewButNotForEver) {
    Settling settling;
    for (int64_t ms = 1000; ms <= 1950; ms += 50) settling.touch("a", at_ms(ms));
    EXPECT_EQ(settling.next_due(), at_ms(2000));
}

TEST(Settling, WhatRestsLongIsBelieved) {
    Settling settling;
    settling.believe_after("a", at_ms(1000), at_ms(60'000));
    EXPECT_EQ(settling.next_due(), at_ms(61'000));
    const auto ripe = settling.take_ripe(at_ms(61'000));
    ASSERT_EQ(ripe.size(), 1u);
    EXPECT_TRUE(ripe[0].whole);
}

TEST(Settling, AWriterThatGoesOnIsDisbelievedAgain) {
    Settling settling;
    settling.believe_after("a", at_ms(1000), at_ms(60'000));
    settling.touch("a", at_ms(50'000));
    const auto ripe = settling.take_ripe(at_ms(50'100));
    ASSERT_EQ(ripe.size(), 1u);
    EXPECT_FALSE(ripe[0].whole);
}

TEST(Settling, TheNearestOfSeveralIsDueAndADroppedOneIsNot) {
    Settling settling;
    settling.touch("b", at_ms(1000));
    settling.touch("a", at_ms(1050));
    EXPECT_EQ(settling.next_due(), at_ms(1100));
    settling.drop("b");
    EXPECT_EQ(settling.next_due(), at_ms(1150));
    EXPECT_EQ(settling.take_ripe(at_ms(9000)).size(), 1u);
}

}  // namespace
}  // namespace sluice::files
