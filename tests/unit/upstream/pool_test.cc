// Leases, reuse, expiry, and what a failure proves about the request (design 10.11), against real
// peers.
#include "proxy/upstream/pool.h"

#include <gtest/gtest.h>

#include "tests/unit/upstream/loop.h"

namespace sluice::upstream {
namespace {

using testing::Acceptor;
using testing::Loop;
using testing::Plain;

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

class PoolTest : public ::testing::Test {
protected:
    static constexpr uint32_t kSlot = 1;
    Upstream* lease(uint32_t slot = kSlot) {
        Upstream* leased = loop_.pool.lease(slot, acceptor_.address(), failure_);
        EXPECT_NE(leased, nullptr);
        return leased;
    }
    // Stages a request without body on it and sends it.
    Io send_request(Upstream& upstream) {
        testing::fill_head(*head_);
        EXPECT_TRUE(upstream.stage_head(*head_, head_->target, head_->authority, {}));
        EXPECT_TRUE(loop_.until([&] { return upstream.try_connect() != Io::again; }));
        std::string_view none;
        return upstream.try_write_body(none, true);
    }
    // Reads the whole answer; closed or done.
    Io read_answer(Upstream& upstream, std::string& body) {
        Io io = Io::again;
        loop_.until([&] { return (io = upstream.try_read_head(false, *answer_)) != Io::again; });
        if (io != Io::done) return io;
        for (;;) {
            std::string_view bytes;
            bool last = false;
            loop_.until([&] { return (io = upstream.try_read_body(bytes, last)) != Io::again; });
            if (io != Io::done) return io;
            body += bytes;
            if (last) return io;
        }
    }
    // A connection that has served one exchange and is given back.
    Plain* served_connection(uint32_t slot) {
        Upstream* first = lease(slot);
        EXPECT_EQ(send_request(*first), Io::done);
        peers_.push_back(std::make_unique<Plain>(acceptor_.accept()));
        Plain* peer = peers_.back().get();
        EXPECT_NE(peer->receive(), "");
        peer->send(kAnswer);
        std::string body;
        EXPECT_EQ(read_answer(*first, body), Io::done);
        EXPECT_EQ(body, "ok");
        loop_.pool.give_back(*first, true);
        return peer;
    }
    Plain* idle_connection() {
        Plain* peer = served_connection(kSlot);
        EXPECT_EQ(loop_.pool.idle(), 1u);
        return peer;
    }

    Acceptor acceptor_;
    Loop loop_;
    Failure failure_;
    std::vector<std::unique_ptr<Plain>> peers_;
    std::unique_ptr<http::RequestHead> head_ = std::make_unique<http::RequestHead>();
    std::unique_ptr<http::ResponseHead> answer_ = std::make_unique<http::ResponseHead>();
};

TEST_F(PoolTest, AnIdleConnectionIsUsedAgain) {
    idle_connection();
    Upstream* second = lease();
    EXPECT_EQ(loop_.pool.opened(), 1u);
    EXPECT_EQ(second->try_connect(), Io::done);
    loop_.pool.give_back(*second, false);
    EXPECT_EQ(loop_.pool.idle(), 0u);
}

TEST_F(PoolTest, OneThatThePeerClosedIsNotHandedOut) {
    Plain* peer = idle_connection();
    peer->close();
    loop_.turn();
    Upstream* second = lease();
    EXPECT_EQ(loop_.pool.opened(), 2u);
    loop_.pool.give_back(*second, false);
}

TEST_F(PoolTest, OneThatSpeaksUnaskedIsNotHandedOut) {
    Plain* peer = idle_connection();
    peer->send(kAnswer);  // an answer to nothing: the next exchange must never see it
    loop_.turn();
    Upstream* second = lease();
    EXPECT_EQ(loop_.pool.opened(), 2u);
    loop_.pool.give_back(*second, false);
}

TEST_F(PoolTest, IdleOnesExpire) {
    Plain* peer = idle_connection();
    loop_.now += kIdleNs - 1;
    loop_.pool.sweep();
    EXPECT_EQ(loop_.pool.idle(), 1u);
    loop_.now += 1;
    loop_.pool.sweep();
    EXPECT_EQ(loop_.pool.idle(), 0u);
    EXPECT_TRUE(peer->at_end());
}

TEST_F(PoolTest, AnExpiredOneIsNotHandedOutBeforeTheSweep) {
    idle_connection();
    loop_.now += kIdleNs;
    Upstream* second = lease();
    EXPECT_EQ(loop_.pool.opened(), 2u);
    loop_.pool.give_back(*second, false);
}

// It stands for many endpoints: the next request's may be another one.
TEST_F(PoolTest, TheSharedSlotKeepsNothing) {
    Plain* peer = served_connection(0);
    EXPECT_EQ(loop_.pool.idle(), 0u);
    EXPECT_TRUE(peer->at_end());
    EXPECT_EQ(loop_.pool.open(), 0u);
}

TEST_F(PoolTest, ARetiredSlotKeepsNothing) {
    Plain* peer = idle_connection();
    loop_.pool.retire(kSlot);
    EXPECT_EQ(loop_.pool.idle(), 0u);
    EXPECT_TRUE(peer->at_end());
    loop_.pool.revive(kSlot);
    idle_connection();
}

TEST_F(PoolTest, NoMoreThanTheCapIdle) {
    std::vector<Upstream*> leased;
    for (size_t i = 0; i <= limits::kIdleUpstreamsPerEndpoint; ++i) {
        leased.push_back(lease());
        ASSERT_EQ(send_request(*leased.back()), Io::done);
        peers_.push_back(std::make_unique<Plain>(acceptor_.accept()));
        ASSERT_NE(peers_.back()->receive(), "");
        peers_.back()->send(kAnswer);
        std::string body;
        ASSERT_EQ(read_answer(*leased.back(), body), Io::done);
    }
    for (Upstream* upstream : leased) loop_.pool.give_back(*upstream, true);
    EXPECT_EQ(loop_.pool.idle(), limits::kIdleUpstreamsPerEndpoint);
}

TEST_F(PoolTest, AnAnswerThatSaysCloseIsNotKept) {
    Upstream* first = lease();
    ASSERT_EQ(send_request(*first), Io::done);
    const Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    std::string body;
    ASSERT_EQ(read_answer(*first, body), Io::done);
    loop_.pool.give_back(*first, true);
    EXPECT_EQ(loop_.pool.idle(), 0u);
}

TEST_F(PoolTest, BytesBehindTheAnswerForbidReuse) {
    Upstream* first = lease();
    ASSERT_EQ(send_request(*first), Io::done);
    const Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.send(std::string(kAnswer) + "HTTP/1.1 200 OK\r\n");
    std::string body;
    ASSERT_EQ(read_answer(*first, body), Io::done);
    loop_.pool.give_back(*first, true);
    EXPECT_EQ(loop_.pool.idle(), 0u);
}

// --- evidence

TEST_F(PoolTest, ARefusedConnectNeverConnected) {
    const net::Address address = acceptor_.address();
    acceptor_.close();
    Upstream* refused = loop_.pool.lease(kSlot, address, failure_);
    if (refused == nullptr) {
        EXPECT_TRUE(failure_.never_connected);
        return;
    }
    ASSERT_TRUE(loop_.until([&] { return refused->try_connect() != Io::again; }));
    EXPECT_EQ(refused->try_connect(), Io::closed);
    EXPECT_EQ(refused->failure().reason, Reason::connect_refused);
    EXPECT_TRUE(refused->failure().never_connected);
    loop_.pool.give_back(*refused, false);
}

TEST_F(PoolTest, ACloseAfterOurBytesWereTakenIsNoProof) {
    Upstream* first = lease();
    ASSERT_EQ(send_request(*first), Io::done);
    Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.close();
    std::string body;
    EXPECT_EQ(read_answer(*first, body), Io::closed);
    EXPECT_EQ(first->failure().reason, Reason::upstream_closed);
    EXPECT_FALSE(first->failure().never_arrived);
    loop_.pool.give_back(*first, false);
}

TEST_F(PoolTest, AResetIsNoProofEither) {
    Upstream* first = lease();
    ASSERT_EQ(send_request(*first), Io::done);
    Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.reset();
    std::string body;
    EXPECT_EQ(read_answer(*first, body), Io::closed);
    EXPECT_EQ(first->failure().reason, Reason::upstream_reset);
    EXPECT_FALSE(first->failure().never_arrived);
    loop_.pool.give_back(*first, false);
}

// Whoever meets a reset first has it: a read behind a write finds the end of the stream.
TEST_F(PoolTest, AResetThatAWriteHasMetIsStillNone) {
    Upstream* first = lease();
    testing::fill_head(*head_);
    const http::BodyFraming framing{http::Framing::chunked, 0};
    ASSERT_TRUE(first->stage_head(*head_, head_->target, head_->authority, framing));
    ASSERT_TRUE(loop_.until([&] { return first->try_connect() != Io::again; }));
    std::string_view piece = "begun";
    ASSERT_EQ(first->try_write_body(piece, false), Io::done);
    ASSERT_EQ(first->try_flush(), Io::done);
    Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.reset();
    ASSERT_TRUE(loop_.until([&] { return (first->source().bits & net::kGone) != 0; }));
    std::string_view more = "more";
    ASSERT_EQ(first->try_write_body(more, true), Io::closed);
    std::string body;
    EXPECT_EQ(read_answer(*first, body), Io::closed);
    EXPECT_EQ(first->failure().reason, Reason::upstream_reset);
    EXPECT_FALSE(first->failure().never_arrived);
    loop_.pool.give_back(*first, false);
}

TEST_F(PoolTest, HalfAnAnswerHasAnswered) {
    Upstream* first = lease();
    ASSERT_EQ(send_request(*first), Io::done);
    Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.send("HTTP/1.1 20");
    peer.close();
    std::string body;
    EXPECT_EQ(read_answer(*first, body), Io::closed);
    EXPECT_TRUE(first->failure().answered);
    loop_.pool.give_back(*first, false);
}

TEST_F(PoolTest, AWriteIntoAClosedConnectionNeverArrived) {
    Plain* peer = idle_connection();
    Upstream* second = lease();  // fit when leased; the peer closes right after
    peer->reset();
    ASSERT_TRUE(loop_.until([&] { return (second->source().bits & net::kGone) != 0; }));
    const Io io = send_request(*second);
    if (io == Io::closed) {
        EXPECT_TRUE(second->failure().never_arrived);
    } else {
        std::string body;
        EXPECT_EQ(read_answer(*second, body), Io::closed);
    }
    loop_.pool.give_back(*second, false);
}

TEST_F(PoolTest, GarbageIsRefused) {
    Upstream* first = lease();
    ASSERT_EQ(send_request(*first), Io::done);
    const Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    std::string body;
    EXPECT_EQ(read_answer(*first, body), Io::closed);
    EXPECT_EQ(first->failure().reason, Reason::upstream_garbage);
    EXPECT_EQ(first->failure().broken_rule, Reason::bad_status_line);
    EXPECT_TRUE(first->failure().answered);
    loop_.pool.give_back(*first, false);
}

TEST_F(PoolTest, WhoSpeaksFirstIsNotSentARequest) {
    Upstream* first = lease();
    const Plain peer(acceptor_.accept());
    peer.send(kAnswer);
    ASSERT_TRUE(loop_.until([&] { return (first->source().bits & net::kReadable) != 0; }));
    EXPECT_EQ(first->try_connect(), Io::closed);
    EXPECT_EQ(first->failure().reason, Reason::upstream_garbage);
    EXPECT_TRUE(first->failure().never_connected) << "another endpoint may be tried";
    loop_.pool.give_back(*first, false);
}

TEST_F(PoolTest, WhoClosesAtOnceWasConnected) {
    Upstream* first = lease();
    Plain peer(acceptor_.accept());
    peer.close();
    ASSERT_TRUE(loop_.until([&] { return (first->source().bits & net::kGone) != 0; }));
    EXPECT_EQ(first->try_connect(), Io::done);
    loop_.pool.give_back(*first, false);
}

TEST_F(PoolTest, ABodyThatEndsEarlyIsIncomplete) {
    Upstream* first = lease();
    ASSERT_EQ(send_request(*first), Io::done);
    Plain peer(acceptor_.accept());
    ASSERT_NE(peer.receive(), "");
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc");
    peer.close();
    std::string body;
    EXPECT_EQ(read_answer(*first, body), Io::closed);
    EXPECT_EQ(body, "abc");
    EXPECT_EQ(first->failure().reason, Reason::upstream_incomplete);
    loop_.pool.give_back(*first, false);
}

// --- replay

TEST_F(PoolTest, AStagedRequestMovesToAnotherConnection) {
    Upstream* first = lease();
    testing::fill_head(*head_);
    const http::BodyFraming framing{http::Framing::length, 5};
    ASSERT_TRUE(first->stage_head(*head_, head_->target, head_->authority, framing));
    ASSERT_TRUE(loop_.until([&] { return first->try_connect() == Io::done; }));
    std::string_view body = "hello";
    ASSERT_EQ(first->try_write_body(body, true), Io::done);
    const Plain one(acceptor_.accept());
    const std::string sent = one.receive();
    ASSERT_TRUE(first->replayable());
    Upstream* second = lease();
    first->replay_into(*second);
    loop_.pool.give_back(*first, false);
    ASSERT_TRUE(loop_.until([&] { return second->try_connect() == Io::done; }));
    std::string_view none;
    EXPECT_EQ(second->try_write_body(none, true), Io::done);
    const Plain two(acceptor_.accept());
    EXPECT_EQ(two.receive(), sent);
    EXPECT_NE(sent.find("hello"), std::string::npos);
    loop_.pool.give_back(*second, false);
}

TEST_F(PoolTest, ALargeBodyIsNotHeldAndSoNotReplayable) {
    Upstream* first = lease();
    testing::fill_head(*head_);
    const std::string large(limits::kInlineBodyBytes + 1, 'x');
    const http::BodyFraming framing{http::Framing::length, large.size()};
    ASSERT_TRUE(first->stage_head(*head_, head_->target, head_->authority, framing));
    EXPECT_TRUE(first->replayable());
    ASSERT_TRUE(loop_.until([&] { return first->try_connect() == Io::done; }));
    std::string_view body = large;
    ASSERT_EQ(first->try_write_body(body, true), Io::done);
    EXPECT_FALSE(first->replayable());
    loop_.pool.give_back(*first, false);
}

}  // namespace
}  // namespace sluice::upstream
