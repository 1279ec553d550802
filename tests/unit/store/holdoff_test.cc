// Tests the hold-off with times alone.
#include "controller/store/holdoff.h"

#include <gtest/gtest.h>

namespace sluice::store {
namespace {

constexpr int64_t kMs = 1'000'000;

TEST(Holdoff, NothingToDoAtFirst) {
    EXPECT_EQ(Holdoff().due(), std::nullopt);
}

TEST(Holdoff, TheFirstChangeAfterQuietIsDueAtOnce) {
    Holdoff holdoff;
    holdoff.changed(1000 * kMs);
    EXPECT_EQ(holdoff.due(), 1000 * kMs);
    holdoff.done(1000 * kMs, 2 * kMs);
    EXPECT_EQ(holdoff.due(), std::nullopt);
    holdoff.changed(5000 * kMs);
    EXPECT_EQ(holdoff.due(), 5000 * kMs);
}

TEST(Holdoff, TheNextStartWaitsTenTimesTheCost) {
    Holdoff holdoff;
    holdoff.changed(1000 * kMs);
    holdoff.done(1000 * kMs, 3 * kMs);
    holdoff.changed(1004 * kMs);
    EXPECT_EQ(holdoff.due(), 1030 * kMs);
    holdoff.changed(1020 * kMs);
    EXPECT_EQ(holdoff.due(), 1030 * kMs) << "more changes do not push it back";
}

TEST(Holdoff, TheWaitHasALeastAndAMost) {
    const auto wait = [](int64_t cpu_ns) {
        Holdoff holdoff;
        holdoff.changed(1000 * kMs);
        holdoff.done(1000 * kMs, cpu_ns);
        holdoff.changed(1001 * kMs);
        return *holdoff.due() - 1000 * kMs;
    };
    EXPECT_EQ(wait(0), 5 * kMs);
    EXPECT_EQ(wait(-1), 5 * kMs);
    EXPECT_EQ(wait(kMs / 2), 5 * kMs);
    EXPECT_EQ(wait(kMs / 2 + 1), 5 * kMs + 10);
    EXPECT_EQ(wait(10 * kMs - 1), 100 * kMs - 10);
    EXPECT_EQ(wait(10 * kMs), 100 * kMs);
    EXPECT_EQ(wait(10 * kMs + 1), 100 * kMs);
    EXPECT_EQ(wait(INT64_MAX), 100 * kMs);
}

TEST(Holdoff, AChangeDuringACompileIsNotLost) {
    Holdoff holdoff;
    holdoff.changed(1000 * kMs);
    holdoff.changed(1010 * kMs);
    holdoff.done(1005 * kMs, kMs);
    EXPECT_EQ(holdoff.due(), 1015 * kMs);
    holdoff.done(1015 * kMs, kMs);
    EXPECT_EQ(holdoff.due(), std::nullopt);
}

TEST(Holdoff, AChangeAtTheMomentOfTheStartIsSeen) {
    Holdoff holdoff;
    holdoff.changed(1000 * kMs);
    holdoff.done(1000 * kMs, kMs);
    EXPECT_EQ(holdoff.due(), std::nullopt);
}

TEST(Holdoff, WhatOtherWorkCoveredIsNotDue) {
    Holdoff holdoff;
    holdoff.changed(1000 * kMs);
    holdoff.covered(1000 * kMs);
    EXPECT_EQ(holdoff.due(), std::nullopt);
    holdoff.changed(1001 * kMs);
    EXPECT_EQ(holdoff.due(), 1001 * kMs) << "the other work's cost is not ours";
    holdoff.covered(1000 * kMs);
    EXPECT_EQ(holdoff.due(), 1001 * kMs) << "that work began before the change";
}

TEST(Holdoff, CoveringDoesNotShortenOurOwnPause) {
    Holdoff holdoff;
    EXPECT_EQ(holdoff.pause(), 0);
    holdoff.changed(1000 * kMs);
    holdoff.done(1000 * kMs, 2 * kMs);
    EXPECT_EQ(holdoff.pause(), 20 * kMs);
    holdoff.covered(1001 * kMs);
    holdoff.changed(1002 * kMs);
    EXPECT_EQ(holdoff.due(), 1020 * kMs);
}

}  // namespace
}  // namespace sluice::store
