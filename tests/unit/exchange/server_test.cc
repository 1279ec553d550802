// A client's HTTP/1 connection over a real socket, its upstreams from memory: reuse, pipelining,
// refusals and their close, expectations, versions, clocks, and ends that cannot be taken for
// success.
#include "proxy/exchange/server.h"

#include <gtest/gtest.h>

#include "tests/unit/exchange/connection.h"

namespace sluice::exchange {
namespace {

using testing::MemoryUpstream;
using testing::one_rule;
using testing::plain_rule;

constexpr std::string_view kGet = "GET /v1/x HTTP/1.1\r\nhost: models.example\r\n\r\n";

class ServerTest : public testing::ConnectionTest {
protected:
    void SetUp() override {
        world_.install(one_rule(plain_rule(), 1));
        open(acceptor_.address(), acceptor_.port());
    }
};

TEST_F(ServerTest, ServesOneRequestAfterAnotherOnOneConnection) {
    for (size_t i = 0; i < 3; ++i) {
        client_->send(kGet);
        stream(i).answer(200, "hello", true);
        const std::string got = receive_until("0\r\n\r\n");
        EXPECT_TRUE(got.starts_with("HTTP/1.1 200 ")) << got;
        EXPECT_NE(got.find("5\r\nhello\r\n0\r\n\r\n"), std::string::npos) << got;
        EXPECT_EQ(got.find("connection: close"), std::string::npos);
    }
    EXPECT_FALSE(over_);
    EXPECT_TRUE(until([&] { return blocks_.held() == 0; })) << "an idle connection owns no block";
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
    client_->send(std::string(kGet) + std::string(kGet));
    stream(0).answer(200, "one", true);
    stream(1).answer(200, "two", true);
    const std::string got = receive_until("two\r\n0\r\n\r\n");
    EXPECT_LT(got.find("one"), got.find("two"));
}

TEST_F(ServerTest, PipelinedBodiesAreNotMixedUp) {
    constexpr std::string_view kPost =
        "POST /v1/x HTTP/1.1\r\nhost: models.example\r\ncontent-length: 1\r\n\r\n";
    client_->send(std::string(kPost) + "a" + std::string(kPost) + "b" + std::string(kPost) + "c");
    for (size_t i = 0; i < 3; ++i) {
        ASSERT_TRUE(until([&] { return stream(i).request.ended; })) << i;
        EXPECT_EQ(stream(i).read(), std::string_view("abc").substr(i, 1));
        stream(i).answer(200, "ok", true);
    }
    EXPECT_FALSE(over_);
}

TEST_F(ServerTest, ManyPipelinedRefusalsLetOthersHaveTheirTurn) {
    std::string many;
    for (size_t i = 0; i < kTurns * 2; ++i) {
        many += "GET /x HTTP/1.1\r\nhost: nowhere.example\r\n\r\n";
    }
    client_->send(many);
    EXPECT_TRUE(until([&] { return !world_.turns.empty() || world_.ended(Reason::no_host) > 0; }));
    std::string got;
    EXPECT_TRUE(until([&] {
        got += client_->receive(0);
        return world_.ended(Reason::no_host) == kTurns * 2;
    }));
}

TEST_F(ServerTest, ABodyOfEachFramingArrives) {
    client_->send("POST /v1/x HTTP/1.1\r\nhost: models.example\r\ncontent-length: 5\r\n\r\nhello");
    EXPECT_TRUE(until([&] { return stream(0).request.ended; }));
    EXPECT_EQ(stream(0).read(), "hello");
    stream(0).answer(200, "", true);
    receive_until("0\r\n\r\n");
    client_->send(
        "POST /v1/x HTTP/1.1\r\nhost: models.example\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    client_->send("3\r\nabc\r\n");
    EXPECT_TRUE(until([&] { return stream(1).request.bytes == "abc"; })) << "before its end";
    client_->send("2\r\nde\r\n0\r\n\r\n");
    EXPECT_TRUE(until([&] { return stream(1).request.ended; }));
    EXPECT_EQ(stream(1).read(), "abcde");
    stream(1).answer(200, "", true);
    receive_until("0\r\n\r\n");
    EXPECT_FALSE(over_);
}

TEST_F(ServerTest, AnExpectationIsAnsweredWhenTheBodyIsWanted) {
    client_->send(
        "POST /v1/x HTTP/1.1\r\nhost: models.example\r\ncontent-length: 2\r\n"
        "expect: 100-continue\r\n\r\n"
    );
    EXPECT_EQ(receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client_->send("ok");
    EXPECT_TRUE(until([&] { return stream(0).request.ended; }));
    EXPECT_EQ(stream(0).fields.count("expect"), 0u);
    stream(0).answer(200, "", true);
    EXPECT_TRUE(receive_until("0\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(ServerTest, ARefusedExpectationIsNotContinued) {
    client_->send(
        "POST /v1/x HTTP/1.1\r\nhost: other.example\r\ncontent-length: 2\r\n"
        "expect: 100-continue\r\n\r\n"
    );
    const std::string got = receive_until("}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 404")) << got;
    EXPECT_NE(got.find("connection: close"), std::string::npos) << "its body will not be read";
}

TEST_F(ServerTest, HeadHasNoBody) {
    client_->send("HEAD /v1/x HTTP/1.1\r\nhost: models.example\r\n\r\n");
    stream(0).answer(200, "", true);
    const std::string got = receive_until("\r\n\r\n");
    EXPECT_TRUE(got.ends_with("\r\n\r\n"));
    EXPECT_EQ(got.find("\r\n\r\n"), got.size() - 4);
    client_->send("HEAD /v1/x HTTP/1.1\r\nhost: nowhere.example\r\n\r\n");
    const std::string refused = receive_until("\r\n\r\n");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 404"));
    EXPECT_EQ(refused.find('{'), std::string::npos);
    EXPECT_FALSE(over_);
}

TEST_F(ServerTest, AnOldClientGetsABodyThatEndsWithTheConnection) {
    client_->send("GET /v1/x HTTP/1.0\r\nhost: models.example\r\n\r\n");
    stream(0).answer(200, "hello", true);
    const std::string got = receive_all();
    EXPECT_NE(got.find("connection: close"), std::string::npos);
    EXPECT_EQ(got.find("transfer-encoding"), std::string::npos);
    EXPECT_TRUE(got.ends_with("\r\n\r\nhello")) << got;
}

TEST_F(ServerTest, ConnectionCloseIsObeyed) {
    client_->send("GET /v1/x HTTP/1.1\r\nhost: models.example\r\nconnection: close\r\n\r\n");
    stream(0).answer(200, "hello", true);
    EXPECT_TRUE(receive_all().ends_with("0\r\n\r\n"));
}

// --- refusals

TEST_F(ServerTest, BytesThatAreNoRequestAreAnsweredAndTheConnectionEnds) {
    client_->send("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n" + std::string(kGet));
    const std::string got = receive_until("}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 400 Bad Request\r\n")) << got;
    EXPECT_NE(got.find("x-sluice-reason: host_repeated"), std::string::npos);
    EXPECT_NE(got.find("connection: close"), std::string::npos);
    EXPECT_TRUE(until([&] { return client_->at_end(0); })) << "FIN follows the answer";
    client_->close();
    EXPECT_TRUE(until([&] { return over_; }));
    EXPECT_TRUE(world_.upstreams.streams.empty()) << "nothing behind the doubt is served";
}

TEST_F(ServerTest, AClientThatFallsSilentAfterARefusalIsCutOff) {
    client_->send("BAD\r\n\r\n");
    receive_until("}");
    for (int i = 0; i < 20; ++i) turn();
    EXPECT_FALSE(over_) << "it may still read its answer";
    world_.pass(kLingerPauseNs / testing::kMs + 20);
    EXPECT_TRUE(until([&] { return over_; }));
}

TEST_F(ServerTest, AClientThatDripsAfterARefusalIsCutOffAsOneThatIsSilent) {
    client_->send("BAD\r\n\r\n");
    receive_until("}");
    int64_t passed = 0;
    for (; !over_ && passed < kLingerNs; passed += testing::kMs * 500) {
        ::send(client_->fd(), "x", 1, MSG_NOSIGNAL);
        for (int i = 0; i < 3; ++i) turn();
        world_.pass(500);
        turn();
    }
    EXPECT_LE(passed, kLingerPauseNs + testing::kMs * 500);
}

TEST_F(ServerTest, AClientThatTalksOnForEverIsCutOffToo) {
    client_->send("BAD\r\n\r\n");
    receive_until("}");
    const std::string more(1024, 'x');
    int64_t passed = 0;
    for (; !over_ && passed < 2 * kLingerNs; passed += testing::kMs * 1000) {
        ::send(client_->fd(), more.data(), more.size(), MSG_NOSIGNAL);
        for (int i = 0; i < 3; ++i) turn();
        world_.pass(1000);
        turn();
    }
    EXPECT_TRUE(over_);
    EXPECT_GE(passed, kLingerNs - testing::kMs * 2000);
    EXPECT_LE(passed, kLingerNs + testing::kMs * 2000);
}

// Many clients write first and read later.
TEST_F(ServerTest, TheRefusalOfALargeUploadCanBeRead) {
    const std::string head =
        "POST /v1/x HTTP/1.1\r\nhost: other.example\r\ncontent-length: 16777216\r\n\r\n";
    client_->send(head);
    const std::string piece(65536, 'x');
    size_t sent = 0;
    until([&] {
        while (sent < 16777216) {
            const ssize_t got =
                ::send(client_->fd(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (got < 0) break;
            sent += static_cast<size_t>(got);
        }
        return sent >= 16777216;
    });
    EXPECT_GE(sent, 16777216u) << "no reset while it writes";
    EXPECT_TRUE(receive_until("}").starts_with("HTTP/1.1 404"));
}

TEST_F(ServerTest, ATimeoutAfterAHeadRequestHasItsBody) {
    client_->send("HEAD /v1/x HTTP/1.1\r\nhost: models.example\r\n\r\n");
    stream(0).answer(200, "", true);
    receive_until("\r\n\r\n");
    client_->send("GET /v1/x HT");
    EXPECT_TRUE(until([&] { return downstream_.head_begun(); }));
    turn();
    world_.pass(10'020);
    EXPECT_NE(receive_until("}").find("client_head_timeout"), std::string::npos);
}

TEST_F(ServerTest, ABadChunkIsRefusedAndTheUpstreamDropped) {
    client_->send(
        "POST /v1/x HTTP/1.1\r\nhost: models.example\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"
    );
    const std::string got = receive_until("}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 400")) << got;
    EXPECT_NE(got.find("bad_chunk"), std::string::npos);
    EXPECT_TRUE(stream(0).given_back && !stream(0).reusable);
}

// --- clocks

TEST_F(ServerTest, ASlowHeadIsToldAndClosed) {
    client_->send("GET /v1/x HT");
    EXPECT_TRUE(until([&] { return downstream_.head_begun(); }));
    world_.pass(9'900);
    client_->send("TP/1.1\r\n");
    for (int i = 0; i < 10; ++i) turn();
    world_.pass(200);
    const std::string got = receive_until("}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 408")) << "a drip of bytes does not extend it: " << got;
}

TEST_F(ServerTest, AnIdleConnectionIsClosedInSilence) {
    for (int i = 0; i < 5; ++i) turn();
    world_.pass(75'020);
    EXPECT_TRUE(until([&] { return over_; }));
    EXPECT_EQ(client_->receive(100), "");
    EXPECT_TRUE(client_->at_end(100));
}

// --- ends

TEST_F(ServerTest, AClientThatLeavesCancelsTheGeneration) {
    client_->send(kGet);
    MemoryUpstream& generation = stream(0);
    generation.answer(200, "data: a\n\n", false);
    receive_until("data: a");
    client_->close();
    EXPECT_TRUE(until([&] { return generation.given_back; }));
    EXPECT_FALSE(generation.reusable);
    EXPECT_TRUE(until([&] { return over_; }));
    EXPECT_EQ(world_.ended(Reason::client_gone), 1u);
}

TEST_F(ServerTest, AHalfClosedClientIsGoneToo) {
    client_->send(kGet);
    MemoryUpstream& generation = stream(0);
    client_->shut();
    EXPECT_TRUE(until([&] { return generation.given_back; })) << "FIN after a whole request";
}

TEST_F(ServerTest, AnUploadThatBreaksOffIsAborted) {
    client_->send("POST /v1/x HTTP/1.1\r\nhost: models.example\r\ncontent-length: 10\r\n\r\nabc");
    EXPECT_TRUE(until([&] { return stream(0).request.bytes == "abc"; }));
    client_->shut();
    EXPECT_TRUE(until([&] { return stream(0).given_back; }));
    EXPECT_FALSE(stream(0).reusable);
}

TEST_F(ServerTest, AnAnswerThatBreaksOffHasNoLastChunk) {
    client_->send(kGet);
    stream(0).answer(200, "half", false);
    Failure failure{upstream::Side::upstream, Reason::upstream_incomplete};
    failure.answered = true;
    stream(0).fail(failure);
    const std::string got = receive_all();
    EXPECT_TRUE(got.ends_with("4\r\nhalf\r\n")) << "what came is passed on: " << got;
}

TEST_F(ServerTest, AnAnswerThatBreaksOffEndsInAReset) {
    client_->send("GET /v1/x HTTP/1.0\r\nhost: models.example\r\n\r\n");
    stream(0).answer(200, "half", false);
    receive_until("half");
    Failure failure{upstream::Side::upstream, Reason::upstream_incomplete};
    failure.answered = true;
    stream(0).fail(failure);
    EXPECT_TRUE(until([&] { return over_; }));
    char byte = 0;
    EXPECT_EQ(::recv(client_->fd(), &byte, 1, 0), -1) << "a FIN would fake a whole body";
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(ServerTest, DrainingClosesIdleAndAnswersWithClose) {
    client_->send(kGet);
    stream(0);
    world_.services.draining = true;
    stream(0).answer(200, "last", true);
    const std::string got = receive_all();
    EXPECT_NE(got.find("connection: close"), std::string::npos);
    EXPECT_TRUE(got.ends_with("last\r\n0\r\n\r\n")) << got;
}

}  // namespace
}  // namespace sluice::exchange
