// Exchanges while memory is short: the new are refused, whoever must give its memory up ends as one
// that can be told from success.
#include <gtest/gtest.h>

#include "proxy/exchange/exchange.h"
#include "tests/unit/exchange/fixture.h"

namespace sluice::exchange {
namespace {

using testing::ExchangeTest;
using testing::Running;
using testing::start;

TEST_F(ExchangeTest, UnderPressureANewRequestIsRefusedBeforeItIsRouted) {
    install(1);
    world_.services.pressure.step = Step::refuse;
    world_.services.pressure.refusing_since_ns = world_.now - 3'000'000'000;
    Running one;
    start(world_, one, {});
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 503);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "overloaded");
    EXPECT_EQ(one.client.fields["retry-after"], "3");
    EXPECT_TRUE(one.client.closes);
    EXPECT_TRUE(world_.upstreams.streams.empty());
    EXPECT_EQ(world_.ended(Reason::overloaded), 1U);
}

TEST_F(ExchangeTest, OneStepBelowItIsServedAndItsConnectionClosed) {
    install(1);
    world_.services.pressure.step = Step::close;
    Running one;
    start(world_, one, {.method = "GET"});
    world_.stream(0).answer(200, "x", true);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 200);
    EXPECT_TRUE(one.client.closes);
}

TEST_F(ExchangeTest, OneInFlightGoesOnWhenPressureComes) {
    install(1);
    Running one;
    start(world_, one, {.method = "GET"});
    world_.services.pressure.step = Step::stop;
    world_.stream(0).answer(200, "x", true);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 200);
}

TEST_F(ExchangeTest, ItsUpstreamsMemoryCountsWithIt) {
    install(1);
    Running one;
    start(world_, one, {.method = "GET"});
    EXPECT_EQ(one.client.lent, &world_.stream(0));
    world_.stream(0).answer(200, "x", true);
    EXPECT_EQ(one.client.lent, nullptr);
}

TEST_F(ExchangeTest, ReclaimedBeforeItsAnswerItIsToldWhy) {
    install(1);
    Running one;
    start(world_, one, {.method = "GET"});
    one.client.reclaim();
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 503);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "memory_reclaimed");
    EXPECT_TRUE(world_.stream(0).given_back);
    EXPECT_EQ(world_.ended(Reason::memory_reclaimed), 1U);
}

TEST_F(ExchangeTest, ReclaimedWithinItsAnswerItIsCut) {
    install(1);
    Running one;
    start(world_, one, {.method = "GET"});
    world_.stream(0).answer(200, "part", false);
    one.client.reclaim();
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::memory_reclaimed);
    EXPECT_EQ(world_.ended(Reason::memory_reclaimed), 1U);
}

TEST_F(ExchangeTest, ReclaimedWithAnAnswerThatTheClientDoesNotTakeItIsCut) {
    install(1);
    Running one;
    one.client.flush_blocked = true;
    start(world_, one, {.method = "GET", .host = "unknown.example"});
    EXPECT_FALSE(one.over);
    one.client.reclaim();
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::memory_reclaimed);
}

}  // namespace
}  // namespace sluice::exchange
