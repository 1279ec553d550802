// Clients and endpoints that move, but too little: cut in time, and nobody else is.
#include <gtest/gtest.h>

#include "proxy/exchange/pace.h"
#include "tests/unit/exchange/fixture.h"

namespace sluice::exchange {
namespace {

using testing::ExchangeTest;
using testing::Running;
using testing::start;

constexpr int64_t kWindowMs = limits::kPaceWindowMs;
constexpr uint64_t kLeast =
    limits::kPaceBytesPerSecond * static_cast<uint64_t>(limits::kPaceWindowMs) / 1000;

// --- the arithmetic

TEST(PaceTest, AWindowNeedsItsBytesAndNotOneLess) {
    Pace pace;
    pace.wait(0, 10'000'000'000, 100);
    EXPECT_EQ(pace.ends_at(), 10'000'000'000);
    EXPECT_TRUE(pace.keeps_up(pace.ends_at(), 100 + 2400, 240));
    EXPECT_EQ(pace.ends_at(), 20'000'000'000) << "the next one";
    EXPECT_FALSE(pace.keeps_up(pace.ends_at(), 100 + 2400 + 2399, 240));
}

TEST(PaceTest, WaitingOnChangesNothingAndStoppingForgets) {
    Pace pace;
    pace.wait(0, 1'000'000'000, 0);
    pace.wait(900'000'000, 1'000'000'000, 1000);
    EXPECT_EQ(pace.ends_at(), 1'000'000'000);
    pace.stop();
    EXPECT_EQ(pace.ends_at(), net::kNever);
    pace.wait(900'000'000, 1'000'000'000, 1000);
    EXPECT_EQ(pace.ends_at(), 1'900'000'000);
}

TEST(PaceTest, AGlanceOnlyMarksWhereTheWindowBegins) {
    Pace pace;
    pace.wait_unseen(0, 1'000'000'000, 10'000'000'000);
    EXPECT_EQ(pace.ends_at(), 1'000'000'000);
    EXPECT_TRUE(pace.keeps_up(pace.ends_at(), 5, 240));
    EXPECT_EQ(pace.ends_at(), 11'000'000'000);
    EXPECT_TRUE(pace.keeps_up(pace.ends_at(), 2405, 240));
    EXPECT_FALSE(pace.keeps_up(pace.ends_at(), 4804, 240));
}

// --- bodies that are sent

TEST_F(ExchangeTest, ABodyThatDripsIsRefusedAfterOneWindow) {
    install(1);
    Running one;
    start(world_, one, {.body = true, .length = 100'000});
    for (int i = 0; i < 9; ++i) {
        one.client.feed("x", false);
        world_.pass(1000);
    }
    EXPECT_FALSE(one.over);
    world_.pass(1010);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 408);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "client_too_slow");
    EXPECT_TRUE(one.client.closes);
    EXPECT_TRUE(world_.stream(0).given_back);
}

// Speech, say: the length is not known, so a pause is no attack yet. The idle clock is 60 s here.
TEST_F(ExchangeTest, AnUploadInChunksMayPauseButNotDrip) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    one.client.feed(std::string(6 * kLeast, 'x'), false);
    world_.pass(2 * kWindowMs);
    one.client.feed("x", false);
    for (int second = 0; second < 39; ++second) {
        world_.pass(1000);
        one.client.feed("x", false);
    }
    EXPECT_FALSE(one.over);
    for (int second = 0; second < 62 && !one.over; ++second) {
        world_.pass(1000);
        one.client.feed("x", false);
    }
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 408);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "client_too_slow");
}

TEST_F(ExchangeTest, ASlowBodyThatKeepsUpIsServed) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    for (int window = 0; window < 5; ++window) {
        one.client.feed(std::string(kLeast, 'x'), false);
        world_.stream(0).read();
        world_.pass(kWindowMs + 20);
    }
    EXPECT_FALSE(one.over);
    one.client.feed("x", true);
    world_.stream(0).answer(200, "ok", true);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 200);
}

TEST_F(ExchangeTest, ABodyThatTheEndpointDoesNotTakeIsNotTheClientsFault) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    world_.stream(0).request.window = 0;
    one.client.feed("x", false);
    world_.pass(3 * kWindowMs);
    EXPECT_FALSE(one.over);
    finish(one);
}

TEST_F(ExchangeTest, WhoTalksWhileItIsAnsweredMayTakeItsTime) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    one.client.feed("x", false);
    world_.stream(0).answer(200, "a", false);
    for (int i = 0; i < 4; ++i) {
        world_.pass(kWindowMs);
        one.client.feed("x", false);
    }
    EXPECT_FALSE(one.over);
    finish(one);
}

TEST_F(ExchangeTest, WithoutALeastRateOnlyTheIdleClockCounts) {
    world_.services.patience.bytes_per_second = 0;
    install(1);
    Running one;
    start(world_, one, {.body = true});
    for (int i = 0; i < 10; ++i) {
        one.client.feed("x", false);
        world_.pass(kWindowMs);
    }
    EXPECT_FALSE(one.over);
    world_.pass(60'000);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "client_body_timeout");
}

// --- answers that are read

TEST_F(ExchangeTest, AReaderThatTakesTooLittleIsCutAfterAGlanceAndAWindow) {
    install(1);
    Running one;
    one.client.response.window = 8;
    start(world_, one, {});
    one.client.taken = 70'000;
    world_.stream(0).answer(200, std::string(100, 'x'), false);
    world_.pass(1020);
    EXPECT_FALSE(one.over) << "what it has taken before does not count";
    one.client.taken += kLeast - 1;
    world_.pass(kWindowMs + 20);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::client_too_slow);
}

// Its kernel tells of the bytes, ours says "writable" only much later.
TEST_F(ExchangeTest, ASteadyReaderIsNotCutHoweverLargeTheBufferBeforeIt) {
    install(1);
    Running one;
    one.client.response.window = 8;
    start(world_, one, {});
    one.client.taken = 0;
    world_.stream(0).answer(200, std::string(100, 'x'), false);
    for (int window = 0; window < 20; ++window) {
        world_.pass(kWindowMs + 20);
        one.client.taken += kLeast;
    }
    EXPECT_FALSE(one.over) << "longer than the idle clock of 60 s as well";
    finish(one);
}

TEST_F(ExchangeTest, AStreamWhoseEndpointIsQuietIsNobodysFault) {
    install(1);
    Running one;
    start(world_, one, {});
    one.client.taken = 10;
    world_.stream(0).answer(200, "a", false);
    for (int i = 0; i < 10; ++i) {
        world_.pass(50'000);
        world_.stream(0).send("b", false);
    }
    EXPECT_FALSE(one.over);
    finish(one);
}

// --- answers of endpoints

TEST_F(ExchangeTest, AnEndpointThatDripsABodyOfKnownLengthIsGivenUp) {
    install(1);
    Running one;
    start(world_, one, {});
    world_.stream(0).framing = http::Framing::length;
    world_.stream(0).answer(200, "a", false);
    for (int i = 0; i < 59; ++i) {
        world_.pass(1000);
        world_.stream(0).send("b", false);
    }
    EXPECT_FALSE(one.over) << "the rule's idle time is its window";
    world_.pass(1010);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::upstream_too_slow);
}

TEST_F(ExchangeTest, AnEndpointThatKeepsUpIsStillGivenUpWhenItStops) {
    install(1);
    Running one;
    start(world_, one, {});
    world_.stream(0).framing = http::Framing::length;
    world_.stream(0).answer(200, "a", false);
    world_.pass(30'000);
    world_.stream(0).send(std::string(20'000, 'b'), false);
    one.client.read();
    world_.pass(30'010);
    EXPECT_FALSE(one.over);
    world_.pass(29'960);
    EXPECT_FALSE(one.over);
    world_.pass(40);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::upstream_idle_timeout) << "60 s after its last";
}

// --- no local port

TEST_F(ExchangeTest, WithoutALocalPortTowardsOneEndpointAnotherIsAsked) {
    install(2);
    world_.upstreams.portless = 1;
    Running one;
    start(world_, one, {});
    EXPECT_EQ(world_.upstreams.streams.size(), 1u);
    world_.stream(0).answer(200, "ok", true);
    EXPECT_EQ(one.client.status, 200);
}

TEST_F(ExchangeTest, WithoutALocalPortTowardsAnyTheAnswerSaysSo) {
    install(2);
    world_.upstreams.portless = 99;
    Running one;
    start(world_, one, {});
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 503);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "no_local_port");
    EXPECT_EQ(world_.upstreams.portless, 97) << "each endpoint is asked once: a search is dear";
    EXPECT_EQ(world_.upstreams.streams.size(), 0u);
}

}  // namespace
}  // namespace sluice::exchange
