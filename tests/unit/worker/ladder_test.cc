// Shares in, steps out: at each mark and one below it, and the way back.
#include "proxy/worker/ladder.h"

#include <gtest/gtest.h>

namespace sluice::worker {
namespace {

using exchange::Step;

TEST(Ladder, EachStepBeginsAtItsMark) {
    for (size_t i = 1; i < kSteps; ++i) {
        const auto step = static_cast<Step>(i);
        const auto below = static_cast<Step>(i - 1);
        EXPECT_EQ(climb(Step::none, kStepMarks[i]), step) << i;
        EXPECT_EQ(climb(Step::none, kStepMarks[i] - 1), below) << i;
    }
    EXPECT_EQ(climb(Step::none, 5000), Step::stop) << "more than there is";
}

TEST(Ladder, OneLookMayClimbAllSteps) {
    EXPECT_EQ(settle(Step::none, 999), Step::stop);
    EXPECT_EQ(settle(Step::stop, 100), Step::none) << "and come down again";
}

TEST(Ladder, ClimbNeverGoesDown) {
    EXPECT_EQ(climb(Step::refuse, 0), Step::refuse);
}

TEST(Ladder, AStepIsLeftOnlyClearlyBelowItsMark) {
    const uint64_t mark = limits::kRefusePermille;
    EXPECT_EQ(settle(Step::refuse, mark - 1), Step::refuse);
    EXPECT_EQ(settle(Step::refuse, mark - limits::kStepSlackPermille), Step::refuse);
    EXPECT_EQ(settle(Step::refuse, mark - limits::kStepSlackPermille - 1), Step::close);
    EXPECT_EQ(settle(Step::close, mark - limits::kStepSlackPermille - 1), Step::close)
        << "who comes from below stays below";
}

TEST(Ladder, AShareIsPerMille) {
    EXPECT_EQ(share_of(3, 4), 750U);
    EXPECT_EQ(share_of(8, 4), 2000U);
    EXPECT_EQ(share_of(5, 0), 0U) << "no limit";
    EXPECT_EQ(share_of(uint64_t{1} << 50, uint64_t{1} << 51), 500U);
}

TEST(Pressure, TellsRefusedClientsToWaitAsLongAsItLasted) {
    constexpr int64_t kSecond = exchange::Pressure::kNsPerSecond;
    exchange::Pressure pressure;
    EXPECT_EQ(pressure.retry_after_s(100 * kSecond), 1) << "nothing is refused";
    pressure.step = Step::refuse;
    pressure.refusing_since_ns = 10 * kSecond;
    EXPECT_EQ(pressure.retry_after_s(10 * kSecond), 1);
    EXPECT_EQ(pressure.retry_after_s(17 * kSecond), 7);
    EXPECT_EQ(pressure.retry_after_s(999 * kSecond), 30);
}

}  // namespace
}  // namespace sluice::worker
