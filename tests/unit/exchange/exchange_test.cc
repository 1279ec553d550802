// The exchange over the in-memory pair: what HTTP/2 needs of the seam (two exchanges at once over
// one connection, an early answer, an abort that hurts only its own stream), back-pressure, clocks,
// retries and refusals.
#include "proxy/exchange/exchange.h"

#include <gtest/gtest.h>

#include "world.h"

namespace sluice::exchange {
namespace {

using testing::Ask;
using testing::MemoryUpstream;
using testing::one_rule;
using testing::plain_rule;
using testing::Running;
using testing::start;
using testing::World;

class ExchangeTest : public ::testing::Test {
protected:
    void install(size_t endpoints, table::RuleSpec rule = plain_rule()) {
        world_.install(one_rule(std::move(rule), endpoints));
    }
    // Whatever still waits is ended, so that no frame outlives the test.
    void finish(Running& running) {
        if (!running.over) running.client.go();
        EXPECT_TRUE(running.over);
    }

    World world_;
};

TEST_F(ExchangeTest, RelaysARequestAndItsAnswer) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    one.client.feed("{\"model\":", false);
    one.client.feed("\"llama\"}", true);
    MemoryUpstream& stream = world_.stream(0);
    EXPECT_EQ(stream.head, "POST /v1/chat/completions models.example");
    EXPECT_EQ(stream.read(), "{\"model\":\"llama\"}");
    EXPECT_TRUE(stream.request.ended);
    EXPECT_EQ(world_.loads.in_flight(stream.slot), 1u);
    stream.answer(200, "data: hello\n\n", false);
    EXPECT_EQ(one.client.status, 200);
    EXPECT_EQ(one.client.read(), "data: hello\n\n");
    EXPECT_FALSE(one.over);
    stream.send("data: [DONE]\n\n", true);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.read(), "data: [DONE]\n\n");
    EXPECT_TRUE(one.client.response.ended);
    EXPECT_TRUE(stream.given_back && stream.reusable);
    EXPECT_EQ(world_.loads.in_flight(stream.slot), 0u);
    EXPECT_EQ(world_.ended(Reason::ok), 1u);
}

TEST_F(ExchangeTest, TwoExchangesAtOnceOverOneConnection) {
    install(1);
    Running one;
    Running two;
    start(world_, one, {.path = "/v1/one", .body = true});
    start(world_, two, {.path = "/v1/two", .body = true});
    one.client.feed("first", true);
    two.client.feed("second", true);
    MemoryUpstream& a = world_.stream(0);
    MemoryUpstream& b = world_.stream(1);
    EXPECT_EQ(a.read(), "first");
    EXPECT_EQ(b.read(), "second");
    b.answer(200, "b1 ", false);
    a.answer(200, "a1 ", false);
    b.send("b2", true);
    EXPECT_TRUE(two.over);
    EXPECT_FALSE(one.over);
    a.send("a2", true);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.read(), "a1 a2");
    EXPECT_EQ(two.client.read(), "b1 b2");
}

TEST_F(ExchangeTest, AnEarlyAnswerEndsTheExchangeAndForbidsReuse) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    one.client.feed("part of a long body", false);
    MemoryUpstream& stream = world_.stream(0);
    stream.answer(413, "too much", true);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 413);
    EXPECT_EQ(one.client.read(), "too much");
    EXPECT_TRUE(stream.given_back);
    EXPECT_FALSE(stream.reusable) << "the request was not sent to its end";
}

TEST_F(ExchangeTest, AnAbortHurtsOnlyItsOwnStream) {
    install(1);
    Running one;
    Running two;
    start(world_, one, {});
    start(world_, two, {});
    world_.stream(0).answer(200, "x", false);
    world_.stream(1).answer(200, "y", false);
    one.client.go();
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.aborted.reason, Reason::client_gone);
    EXPECT_TRUE(world_.stream(0).given_back) << "the generation is cancelled at once";
    EXPECT_FALSE(world_.stream(0).reusable);
    EXPECT_FALSE(two.over);
    world_.stream(1).send("z", true);
    EXPECT_TRUE(two.over);
    EXPECT_EQ(two.client.read(), "yz");
}

TEST_F(ExchangeTest, BothDirectionsFlowAtOnce) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    MemoryUpstream& stream = world_.stream(0);
    stream.answer(200, "", false);
    for (int i = 0; i < 5; ++i) {
        const std::string word = "word" + std::to_string(i);
        one.client.feed(word, false);
        EXPECT_EQ(stream.read(), word);
        stream.send("echo " + word, false);
        EXPECT_EQ(one.client.read(), "echo " + word);
    }
    one.client.feed("", true);
    EXPECT_FALSE(one.over);
    stream.send("", true);
    EXPECT_TRUE(one.over);
    EXPECT_TRUE(stream.reusable);
}

TEST_F(ExchangeTest, ASlowClientStopsTheReading) {
    install(1);
    Running one;
    one.client.response.window = 32;
    start(world_, one, {});
    MemoryUpstream& stream = world_.stream(0);
    stream.answer(200, std::string(1000, 'x'), true);
    EXPECT_EQ(one.client.response.bytes.size(), 32u);
    EXPECT_GE(stream.response.bytes.size(), 1000u - 32 - 16) << "at most one span is in our hands";
    std::string got;
    for (int i = 0; i < 100 && !one.over; ++i) got += one.client.read();
    got += one.client.read();
    EXPECT_EQ(got, std::string(1000, 'x'));
    EXPECT_TRUE(one.over);
}

TEST_F(ExchangeTest, ASlowEndpointStopsTheUpload) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    MemoryUpstream& stream = world_.stream(0);
    stream.request.window = 32;
    one.client.feed(std::string(1000, 'x'), true);
    EXPECT_EQ(stream.request.bytes.size(), 32u);
    EXPECT_GE(one.client.request.bytes.size(), 1000u - 32 - 16);
    std::string got;
    for (int i = 0; i < 100 && !stream.request.ended; ++i) got += stream.read();
    got += stream.read();
    EXPECT_EQ(got, std::string(1000, 'x'));
    stream.answer(200, "", true);
    EXPECT_TRUE(one.over);
}

// --- interim answers

TEST_F(ExchangeTest, InterimAnswersPassAndContinueStays) {
    install(1);
    Running one;
    start(world_, one, {});
    MemoryUpstream& stream = world_.stream(0);
    stream.answer(100, "", false);
    stream.answer(103, "", false);
    stream.answer(200, "", true);
    EXPECT_EQ(one.client.interim, std::vector<uint16_t>{103});
    EXPECT_EQ(one.client.status, 200);
    EXPECT_TRUE(one.over);
}

TEST_F(ExchangeTest, TheInterimLimit) {
    for (const size_t count : {limits::kInterimResponses, limits::kInterimResponses + 1}) {
        World world;
        world.install(one_rule(plain_rule(), 1));
        Running one;
        start(world, one, {});
        for (size_t i = 0; i < count && !one.over; ++i) world.stream(0).answer(103, "", false);
        if (!one.over) world.stream(0).answer(200, "", true);
        EXPECT_TRUE(one.over);
        EXPECT_EQ(one.client.status, count <= limits::kInterimResponses ? 200 : 502);
    }
}

TEST_F(ExchangeTest, NobodyAskedToSwitchProtocols) {
    install(1);
    Running one;
    start(world_, one, {});
    world_.stream(0).answer(101, "", false);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 502);
    EXPECT_EQ(world_.ended(Reason::upstream_garbage), 1u);
}

// --- retries

Failure refused() {
    Failure failure{upstream::Side::upstream, Reason::connect_refused};
    failure.never_connected = true;
    return failure;
}

TEST_F(ExchangeTest, ARefusedConnectGoesToTheOtherEndpoint) {
    install(2);
    world_.upstreams.next_connects = false;
    Running one;
    start(world_, one, {.body = true});
    one.client.feed("whole body", true);
    world_.upstreams.next_connects = true;
    world_.stream(0).fail(refused());
    world_.stream(0).raise(net::kWritable);
    ASSERT_EQ(world_.upstreams.streams.size(), 2u);
    EXPECT_NE(world_.stream(0).slot, world_.stream(1).slot);
    EXPECT_EQ(world_.stream(1).head, world_.stream(0).head);
    EXPECT_EQ(world_.stream(1).read(), "whole body");
    EXPECT_EQ(world_.loads.in_flight(world_.stream(0).slot), 0u);
    world_.stream(1).answer(200, "ok", true);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(one.client.status, 200);
    EXPECT_EQ(world_.tally.retries, 1u);
}

TEST_F(ExchangeTest, TriesAreBoundedAndTheLastReasonIsTold) {
    install(5);
    world_.upstreams.next_connects = false;
    Running one;
    start(world_, one, {});
    for (size_t i = 0; i < limits::kAttempts; ++i) {
        ASSERT_EQ(world_.upstreams.streams.size(), i + 1);
        world_.stream(i).fail(refused());
        world_.stream(i).raise(net::kWritable);
    }
    EXPECT_TRUE(one.over);
    EXPECT_EQ(world_.upstreams.streams.size(), limits::kAttempts);
    EXPECT_EQ(one.client.status, 502);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "connect_refused");
}

TEST_F(ExchangeTest, APostThatMayHaveArrivedIsNotSentAgain) {
    install(2);
    Running one;
    start(world_, one, {.method = "POST"});
    world_.stream(0).fail({upstream::Side::upstream, Reason::upstream_reset});
    EXPECT_TRUE(one.over);
    EXPECT_EQ(world_.upstreams.streams.size(), 1u);
    EXPECT_EQ(one.client.status, 502);
    EXPECT_EQ(one.client.fields["x-sluice-reason"], "upstream_reset");
}

TEST_F(ExchangeTest, AGetMayBeRepeated) {
    install(2);
    Running one;
    start(world_, one, {.method = "GET"});
    world_.stream(0).fail({upstream::Side::upstream, Reason::upstream_reset});
    ASSERT_EQ(world_.upstreams.streams.size(), 2u);
    world_.stream(1).answer(200, "ok", true);
    EXPECT_EQ(one.client.read(), "ok");
}

TEST_F(ExchangeTest, NothingIsRetriedAfterTheHead) {
    install(2);
    Running one;
    start(world_, one, {.method = "GET"});
    world_.stream(0).answer(200, "half", false);
    Failure failure{upstream::Side::upstream, Reason::upstream_incomplete};
    failure.answered = true;
    world_.stream(0).fail(failure);
    EXPECT_TRUE(one.over);
    EXPECT_EQ(world_.upstreams.streams.size(), 1u);
    EXPECT_EQ(one.client.aborted.reason, Reason::upstream_incomplete);
    EXPECT_FALSE(one.client.response.ended) << "success is never faked";
}

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
    EXPECT_LE(world_.frames.largest_bytes(), 808u) << "the measured frame of one exchange";
}

}  // namespace
}  // namespace sluice::exchange
