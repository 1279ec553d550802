// How exchanges end: clocks, refusals, generations, and what one costs.
#include <gtest/gtest.h>

#include "proxy/exchange/exchange.h"
#include "tests/unit/exchange/fixture.h"

namespace sluice::exchange {
namespace {

using testing::ExchangeTest;
using testing::plain_rule;
using testing::Running;
using testing::start;

// --- clocks

TEST_F(ExchangeTest, AConnectThatHangsIsRetriedThenAnswered) {
    install(2);
    world_.upstreams.next_connects = false;
    Running one;
    start(world_, one, {});
    world_.pass(1000);
    EXPECT_EQ(world_.upstreams.streams.size(), 2u);
    world_.pass(1000);
    world_.pass(1000);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 504);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "connect_timeout");
}

TEST_F(ExchangeTest, TheFirstByteClock) {
    install(2);
    Running one;
    start(world_, one, {.method = "GET"});
    world_.pass(59'980);
    EXPECT_FALSE(one.over);
    world_.pass(30);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 504);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "first_byte_timeout");
    EXPECT_EQ(world_.upstreams.streams.size(), 1u) << "a slow endpoint gets no second request";
}

TEST_F(ExchangeTest, TheIdleClockStartsAnewWithEachSpan) {
    install(1);
    Running one;
    start(world_, one, {});
    world_.stream(0).answer(200, "a", false);
    for (int i = 0; i < 3; ++i) {
        world_.pass(59'000);
        world_.stream(0).send("b", false);
    }
    EXPECT_FALSE(one.over);
    world_.pass(60'010);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::upstream_idle_timeout);
}

TEST_F(ExchangeTest, TheTotalClockDoesNot) {
    table::RuleSpec rule = plain_rule();
    rule.request_ms = 100'000;
    install(1, rule);
    Running one;
    start(world_, one, {});
    world_.stream(0).answer(200, "a", false);
    world_.pass(59'000);
    world_.stream(0).send("b", false);
    world_.pass(41'010);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::request_timeout);
}

TEST_F(ExchangeTest, AClientThatStopsSendingIsTold) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    one.client.feed("half", false);
    world_.pass(60'010);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 408);
    EXPECT_TRUE(one.client.closes);
    EXPECT_TRUE(world_.stream(0).given_back);
}

TEST_F(ExchangeTest, AClientThatStopsReadingIsCutOff) {
    install(1);
    Running one;
    one.client.response.window = 8;
    start(world_, one, {});
    world_.stream(0).answer(200, std::string(100, 'x'), false);
    world_.pass(60'010);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::client_write_timeout);
}

// --- refusals

TEST_F(ExchangeTest, WithoutATableNothingIsServed) {
    Running one;
    start(world_, one, {});
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 503);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "table_absent");
    EXPECT_EQ(one.client.fields["retry-after"], "1");
}

TEST_F(ExchangeTest, AnUnknownHostIsANotFound) {
    install(1);
    Running one;
    start(world_, one, {.host = "other.example"});
    EXPECT_EQ(one.client.status, 404);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "no_host");
    EXPECT_EQ(one.client.fields["content-type"], "application/json") << "an AI path";
    EXPECT_NE(one.client.read().find("\"error\":{\"message\":"), std::string::npos);
}

TEST_F(ExchangeTest, OtherPathsGetAProblemDocument) {
    install(1);
    Running one;
    start(world_, one, {.path = "/shop", .host = "other.example"});
    EXPECT_EQ(one.client.fields["content-type"], "application/problem+json");
    EXPECT_NE(one.client.read().find("\"code\":\"no_host\""), std::string::npos);
}

TEST_F(ExchangeTest, NoEndpointIsUnavailable) {
    install(0);
    Running one;
    start(world_, one, {});
    EXPECT_EQ(one.client.status, 503);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "no_endpoints");
}

TEST_F(ExchangeTest, AReferenceThatDoesNotExistIsOurFault) {
    table::RuleSpec rule = plain_rule();
    rule.splits = {{1, Reason::backend_not_found, table::kNone}};
    install(1, rule);
    Running one;
    start(world_, one, {});
    EXPECT_EQ(one.client.status, 500);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "backend_not_found");
}

TEST_F(ExchangeTest, UpgradesAreNotImplemented) {
    install(1);
    Running one;
    start(world_, one, {.upgrade = true});
    EXPECT_EQ(one.client.status, 501);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "upgrade_unsupported");
}

TEST_F(ExchangeTest, OutOfDescriptorsIsNotRetried) {
    install(2);
    world_.upstreams.exhausted = true;
    Running one;
    start(world_, one, {});
    EXPECT_EQ(one.client.status, 503);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "out_of_descriptors");
}

// --- generations

TEST_F(ExchangeTest, RoutesArePinnedUntilTheHeadOnly) {
    install(1);
    Running one;
    start(world_, one, {});
    for (int i = 0; i < 3; ++i) install(1);
    EXPECT_EQ(world_.tables.mapped(), 2u) << "the running table and the pinned one";
    world_.stream(0).answer(200, "a", false);
    EXPECT_EQ(world_.tables.mapped(), 1u) << "a stream pins nothing, however long it lasts";
    world_.stream(0).send("b", true);
    EXPECT_TRUE(one.over);
}

// Requests that wait for their first byte pin what they were matched by; the oldest let go.
TEST_F(ExchangeTest, AtMostFourGenerationsAreMapped) {
    constexpr size_t kRounds = 12;
    table::RuleSpec rule = plain_rule();
    rule.response_edits = {{table::EditKind::set, "x-edited", "0"}};
    std::vector<std::unique_ptr<Running>> waiting;
    for (size_t i = 0; i < kRounds; ++i) {
        rule.response_edits[0].value = std::to_string(i);
        install(2, rule);
        waiting.push_back(std::make_unique<Running>());
        start(world_, *waiting.back(), {});
        EXPECT_LE(world_.tables.mapped(), limits::kGenerationsMapped);
    }
    EXPECT_EQ(world_.tables.mapped_most(), limits::kGenerationsMapped);
    for (size_t i = 0; i < kRounds; ++i) {
        world_.stream(i).answer(200, "ok", true);
        EXPECT_TRUE(waiting[i]->over);
        EXPECT_EQ(waiting[i]->client.fields["x-edited"], std::to_string(i))
            << "its own rule's edit";
    }
    EXPECT_EQ(world_.tables.mapped(), 1u);
}

// The same, and then the endpoint fails: what is left of the rule is enough for another try.
TEST_F(ExchangeTest, ARequestWhoseGenerationIsGoneStillRetries) {
    install(2);
    Running one;
    start(world_, one, {.method = "GET"});
    std::vector<std::unique_ptr<Running>> others;
    for (size_t i = 0; i < limits::kGenerationsMapped; ++i) {
        install(2);
        others.push_back(std::make_unique<Running>());
        start(world_, *others.back(), {});
    }
    const size_t before = world_.upstreams.streams.size();
    Failure closed{upstream::Side::upstream, Reason::upstream_closed};
    closed.never_arrived = true;
    world_.stream(0).fail(closed);
    world_.stream(0).raise(net::kReadable);
    ASSERT_EQ(world_.upstreams.streams.size(), before + 1);
    world_.stream(before).answer(200, "ok", true);
    EXPECT_EQ(one.client.status, 200);
    for (auto& other : others) finish(*other);
}

TEST_F(ExchangeTest, ASwapWhileItWaitsChangesNothingForTheRequest) {
    install(1);
    Running one;
    start(world_, one, {});
    table::RuleSpec broken = plain_rule();
    broken.splits = {{1, Reason::backend_not_found, table::kNone}};
    install(1, broken);
    world_.stream(0).answer(200, "ok", true);
    EXPECT_EQ(one.client.status, 200);
    Running two;
    start(world_, two, {});
    EXPECT_EQ(two.client.status, 500);
}

// --- cost

TEST_F(ExchangeTest, FramesStaySmallAndAreReused) {
    install(1);
    for (int i = 0; i < 3; ++i) {
        Running one;
        start(world_, one, {});
        world_.stream(world_.upstreams.streams.size() - 1).answer(200, "ok", true);
        EXPECT_TRUE(one.over);
    }
    const size_t fresh = world_.frames.fresh();
    Running one;
    start(world_, one, {});
    world_.stream(world_.upstreams.streams.size() - 1).answer(200, "ok", true);
    EXPECT_EQ(world_.frames.fresh(), fresh);
    EXPECT_LE(world_.frames.largest_bytes(), 1192u) << "measured; 512 of it are texts for the log";
}

// --- what a review found

TEST_F(ExchangeTest, AnAnswerThatNobodyTakesDoesNotSpin) {
    install(1);
    Running one;
    one.client.flush_blocked = true;
    start(world_, one, {.host = "other.example"});
    EXPECT_FALSE(one.over);
    one.client.raise(net::kReadable | net::kGone);  // FIN: it may still read
    EXPECT_FALSE(one.over) << "and the loop came back to us";
    one.client.flush_blocked = false;
    one.client.raise(net::kWritable);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 404);
}

TEST_F(ExchangeTest, AnAnswerThatIsNeverTakenIsGivenUp) {
    install(1);
    Running one;
    one.client.flush_blocked = true;
    start(world_, one, {.host = "other.example"});
    world_.pass(10'020);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::client_write_timeout);
}

TEST_F(ExchangeTest, AClientThatDiesWhileItsUploadIsBlockedIsNoticed) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    world_.stream(0).request.window = 4;
    one.client.feed("more than four bytes", false);
    one.client.go();
    EXPECT_TRUE(one.over);
    EXPECT_TRUE(world_.stream(0).given_back);
    EXPECT_EQ(world_.ended(Reason::client_gone), 1u);
}

TEST_F(ExchangeTest, AnEndpointThatTakesNoUploadIsToBlame) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    world_.stream(0).request.window = 4;
    one.client.feed("more than four bytes", false);
    world_.pass(60'020);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 504);
}

TEST_F(ExchangeTest, TheFirstByteClockRunsUntilABodyByte) {
    table::RuleSpec rule = plain_rule();
    rule.first_byte_ms = 300'000;
    rule.idle_ms = 60'000;
    install(1, rule);
    Running one;
    start(world_, one, {});
    world_.stream(0).answer(200, "", false);  // the head at once, the first token much later
    world_.pass(299'900);
    EXPECT_FALSE(one.over);
    world_.stream(0).send("token", false);
    EXPECT_EQ(one.client.read(), "token");
    world_.pass(60'020);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::upstream_idle_timeout);
}

TEST_F(ExchangeTest, AHeadDoesNotRestartTheFirstByteClock) {
    install(1);
    Running one;
    start(world_, one, {});
    world_.pass(50'000);
    world_.stream(0).answer(200, "", false);
    world_.pass(10'020);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::first_byte_timeout);
}

TEST_F(ExchangeTest, AConnectThatFailsAtOnceGoesElsewhere) {
    install(3);
    world_.upstreams.unreachable = 2;
    Running one;
    start(world_, one, {});
    ASSERT_EQ(world_.upstreams.streams.size(), 1u);
    world_.stream(0).answer(200, "ok", true);
    EXPECT_EQ(one.client.status, 200);
    EXPECT_EQ(world_.live.retries(), 2u) << "tries behind the first one, however it failed";
}

TEST_F(ExchangeTest, WhenNoneCanBeReachedTheReasonIsTold) {
    install(5);
    world_.upstreams.unreachable = 5;
    Running one;
    start(world_, one, {});
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "connect_failed");
    EXPECT_EQ(world_.upstreams.unreachable, 5 - static_cast<int>(limits::kAttempts));
}

TEST_F(ExchangeTest, ARefusedRequestCostsNoConnection) {
    install(1);
    Running one;
    start(world_, one, {.connection = "authorization"});
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "bad_connection_field");
    EXPECT_TRUE(world_.upstreams.streams.empty());
}

TEST_F(ExchangeTest, AnEarlyRefusalAnnouncesTheClose) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    one.client.feed("part", false);
    world_.stream(0).answer(413, "", true);
    EXPECT_TRUE(one.client.closes);
}

}  // namespace
}  // namespace sluice::exchange
