// Bodies over one byte stream: framing, partial writes, growth and giving memory back, over a
// socket pair whose kernel buffers are small, so that every write is cut somewhere.
#include "proxy/upstream/h1_stream.h"

#include <gtest/gtest.h>
#include <random>

#include <fcntl.h>
#include <sys/socket.h>

#include "tests/unit/upstream/loop.h"

namespace sluice::upstream {
namespace {

using testing::Plain;

class H1StreamTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        const int small = 4096;
        for (const int end : ends) {
            ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
            ASSERT_EQ(::fcntl(end, F_SETFL, O_NONBLOCK), 0);
        }
        stream_.socket.fd = ends[0];
        ASSERT_TRUE(poller_.add(stream_.socket, true));
        peer_ = std::make_unique<Plain>(ends[1]);
    }
    void TearDown() override { poller_.close(stream_.socket); }
    void turn() {
        poller_.wait(0);
        poller_.dispatch();
        poller_.reclaim();
    }
    void drain() {
        for (;;) {
            const std::string got = peer_->receive(0);
            if (got.empty()) return;
            wire_ += got;
        }
    }
    // Writes `body` in one call's worth of spans of `span` bytes, draining the peer whenever it
    // says again.
    void write_all(std::string_view body, size_t span) {
        while (true) {
            std::string_view piece = body.substr(0, span);
            body.remove_prefix(piece.size());
            const bool last = body.empty();
            while (stream_.write_body(piece, last) == Io::again || !piece.empty()) {
                drain();
                turn();
            }
            if (last) break;
        }
        while (stream_.flush() == Io::again) {
            drain();
            turn();
        }
        drain();
    }

    net::Poller poller_;
    net::BlockPool blocks_;
    H1Stream stream_{blocks_};
    std::unique_ptr<Plain> peer_;
    std::string wire_;
};

std::string letters(size_t count) {
    std::string text(count, 'a');
    for (size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 26);
    return text;
}

// The payload of a chunked message, by a decoder that knows nothing of ours.
std::string unchunk(std::string_view wire) {
    std::string body;
    for (;;) {
        const size_t line = wire.find("\r\n");
        if (line == std::string_view::npos) return "broken: no size line";
        const size_t size = std::stoul(std::string(wire.substr(0, line)), nullptr, 16);
        wire.remove_prefix(line + 2);
        if (size == 0) return wire == "\r\n" ? body : "broken: bytes behind the last chunk";
        body += wire.substr(0, size);
        if (wire.substr(size, 2) != "\r\n") return "broken: no chunk end";
        wire.remove_prefix(size + 2);
    }
}

TEST_F(H1StreamTest, CountedBodiesPassUnchanged) {
    for (const size_t size : {0, 1, 4096, 4097, 16384, 100'000}) {
        wire_.clear();
        stream_.start_message();
        stream_.begin_message(http::Framing::length);
        write_all(letters(size), 10'000);
        EXPECT_EQ(wire_, letters(size)) << size;
    }
}

TEST_F(H1StreamTest, ChunkedBodiesSurviveEveryCut) {
    for (const size_t span : {1, 17, 4095, 4096, 4097, 16'383, 16'384, 65'536}) {
        wire_.clear();
        stream_.start_message();
        stream_.begin_message(http::Framing::chunked);
        const std::string body = letters(span == 1 ? 5000 : 150'000);
        write_all(body, span);
        EXPECT_EQ(unchunk(wire_), body) << "spans of " << span;
    }
}

TEST_F(H1StreamTest, SmallSpansWaitForTheFlushAndGoInOneWrite) {
    stream_.begin_message(http::Framing::chunked);
    std::string_view one = "data: a\n\n";
    EXPECT_EQ(stream_.write_body(one, false), Io::done);
    std::string_view two = "data: b\n\n";
    EXPECT_EQ(stream_.write_body(two, false), Io::done);
    EXPECT_EQ(peer_->receive(0), "");
    EXPECT_EQ(stream_.flush(), Io::done);
    EXPECT_EQ(peer_->receive(0), "9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n");
}

TEST_F(H1StreamTest, TrailersEndAChunkedMessage) {
    stream_.begin_message(http::Framing::chunked);
    std::string_view body = "x";
    ASSERT_EQ(stream_.write_body(body, false), Io::done);
    ASSERT_EQ(stream_.write_trailers("grpc-status: 0\r\n"), Io::done);
    EXPECT_EQ(peer_->receive(0), "1\r\nx\r\n0\r\ngrpc-status: 0\r\n\r\n");
}

TEST_F(H1StreamTest, TheEndIsWrittenOnce) {
    stream_.begin_message(http::Framing::chunked);
    std::string_view body = "x";
    ASSERT_EQ(stream_.write_body(body, true), Io::done);
    std::string_view none;
    ASSERT_EQ(stream_.write_body(none, true), Io::done);
    EXPECT_EQ(peer_->receive(0), "1\r\nx\r\n0\r\n\r\n");
}

TEST_F(H1StreamTest, ReadsAChunkedBodyByteByByte) {
    stream_.begin_body({http::Framing::chunked, 0});
    const std::string wire = "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nx-a: b\r\n\r\n";
    std::string body;
    bool last = false;
    for (const char c : wire) {
        peer_->send({&c, 1});
        turn();
        std::string_view bytes;
        while (!last && stream_.read_body(bytes, last) == Io::done) body += bytes;
    }
    EXPECT_TRUE(last);
    EXPECT_EQ(body, "hello world");
    EXPECT_EQ(stream_.trailers(), "x-a: b\r\n");
}

TEST_F(H1StreamTest, ABadChunkIsClosedWithItsReason) {
    stream_.begin_body({http::Framing::chunked, 0});
    peer_->send("zz\r\n");
    turn();
    std::string_view bytes;
    bool last = false;
    EXPECT_EQ(stream_.read_body(bytes, last), Io::closed);
    EXPECT_EQ(stream_.body_reason(), Reason::bad_chunk);
}

TEST_F(H1StreamTest, GivesItsBlocksBackBeforeAWait) {
    stream_.begin_body({http::Framing::length, 10});
    peer_->send("hello");
    turn();
    std::string_view bytes;
    bool last = false;
    ASSERT_EQ(stream_.read_body(bytes, last), Io::done);
    stream_.rest(true, false);
    EXPECT_EQ(blocks_.held(), 1u) << "the span is still lent";
    EXPECT_EQ(bytes, "hello");
    ASSERT_EQ(stream_.read_body(bytes, last), Io::again);
    stream_.rest(false, false);
    EXPECT_EQ(blocks_.held(), 0u);
}

TEST_F(H1StreamTest, ASpanThatNobodyReadsAnyMoreHoldsNoBlock) {
    stream_.begin_body({http::Framing::length, 5});
    peer_->send("hello");
    turn();
    std::string_view bytes;
    bool last = false;
    ASSERT_EQ(stream_.read_body(bytes, last), Io::done);
    ASSERT_TRUE(last);
    stream_.rest(false, false);
    EXPECT_EQ(blocks_.held(), 0u) << "nobody reads after the last span";
}

TEST_F(H1StreamTest, ALargeWriteThatFailsAtOnceCanBeReplayed) {
    stream_.start_message();
    stream_.begin_message(http::Framing::chunked);
    peer_->close();
    turn();
    const std::string large = letters(limits::kInlineBodyBytes * 2);
    std::string_view span = large;
    EXPECT_EQ(stream_.write_body(span, true), Io::closed);
    EXPECT_EQ(span.size(), large.size());
    EXPECT_TRUE(stream_.replayable()) << "no byte of the body has left";
}

TEST_F(H1StreamTest, AHeadLargerThanABlockGrowsIt) {
    std::string head = "GET / HTTP/1.1\r\n";
    while (head.size() < limits::kBlockBytes + 1000) head += "x-filler: " + letters(1000) + "\r\n";
    std::string_view rest = head;
    while (!rest.empty()) {
        const ssize_t sent = ::send(peer_->fd(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent > 0) rest.remove_prefix(static_cast<size_t>(sent));
        turn();
        while (stream_.fill() == Io::done) {
        }
    }
    EXPECT_EQ(stream_.input(), head);
}

}  // namespace
}  // namespace sluice::upstream
