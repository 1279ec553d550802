// The exchange over the in-memory pair: what HTTP/2 needs of the seam (two exchanges at once over
// one connection, an early answer, an abort that hurts only its own stream), back-pressure, clocks,
// retries and refusals.
#include "proxy/exchange/exchange.h"

#include <gtest/gtest.h>

#include "tests/unit/exchange/fixture.h"

namespace sluice::exchange {
namespace {

using testing::ExchangeTest;
using testing::MemoryUpstream;
using testing::one_rule;
using testing::plain_rule;
using testing::Running;
using testing::start;
using testing::World;

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

TEST_F(ExchangeTest, StreamsOfOneConnectionShareItsWindow) {
    install(1);
    world_.upstreams.link.room = 32;
    Running one;
    Running two;
    start(world_, one, {.path = "/v1/one", .body = true});
    start(world_, two, {.path = "/v1/two", .body = true});
    one.client.feed(std::string(100, 'a'), true);
    two.client.feed(std::string(100, 'b'), true);
    EXPECT_EQ(world_.stream(0).request.bytes.size(), 32u);
    EXPECT_EQ(world_.stream(1).request.bytes.size(), 0u) << "the other one took all the room";
    std::string a;
    std::string b;
    for (int i = 0; i < 100 && a.size() + b.size() < 200; ++i) {
        a += world_.stream(0).read();
        b += world_.stream(1).read();
        world_.upstreams.raise_writable();
    }
    EXPECT_EQ(a, std::string(100, 'a'));
    EXPECT_EQ(b, std::string(100, 'b'));
    world_.stream(1).answer(200, "", true);
    world_.stream(0).answer(200, "", true);
    EXPECT_TRUE(one.over && two.over);
}

TEST_F(ExchangeTest, AConnectionThatDiesEndsEachOfItsExchangesAsItMust) {
    install(1);
    Running posting;
    Running getting;
    Running streaming;
    start(world_, posting, {.method = "POST"});
    start(world_, getting, {.method = "GET"});
    start(world_, streaming, {.method = "GET"});
    world_.stream(2).answer(200, "half", false);
    world_.upstreams.die();
    EXPECT_EQ(posting.client.status, 502) << "it may have been processed";
    EXPECT_EQ(streaming.client.aborted.reason, Reason::upstream_reset);
    ASSERT_EQ(world_.upstreams.streams.size(), 4u) << "the GET is repeated, on a new connection";
    world_.stream(3).answer(200, "ok", true);
    EXPECT_EQ(getting.client.read(), "ok");
    EXPECT_TRUE(posting.over && getting.over && streaming.over);
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
    EXPECT_EQ(world_.live.retries(), 1u);
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

}  // namespace
}  // namespace sluice::exchange
