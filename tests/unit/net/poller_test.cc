// Readiness of real sockets: edges become bits, short reads clear them, a peer that goes is seen,
// and a socket closed inside a batch is left alone.
#include "proxy/net/poller.h"

#include <cerrno>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/uio.h>

#include "proxy/net/connect.h"
#include "proxy/net/task.h"
#include "tests/unit/net/sockets.h"

namespace sluice::net {
namespace {

using testing::Acceptor;
using testing::Plain;

// One non-blocking Socket in a poller, its plain peer, and a turn of the loop.
class PollerTest : public ::testing::Test {
protected:
    void SetUp() override {
        const Dialed dialed = dial(acceptor_.address());
        ASSERT_GE(dialed.fd, 0);
        socket_.fd = dialed.fd;
        ASSERT_TRUE(poller_.add(socket_, false));
        peer_ = std::make_unique<Plain>(acceptor_.accept());
    }
    void TearDown() override { poller_.close(socket_); }
    // Turns until `bits` are up, at most two seconds.
    bool turn_until(uint8_t bits) {
        for (int i = 0; i < 200 && (socket_.source.bits & bits) != bits; ++i) {
            poller_.wait(10);
            poller_.dispatch();
            poller_.reclaim();
        }
        return (socket_.source.bits & bits) == bits;
    }

    Acceptor acceptor_;
    Poller poller_;
    Socket socket_;
    std::unique_ptr<Plain> peer_;
};

TEST_F(PollerTest, AConnectShowsAsWritable) {
    ASSERT_TRUE(turn_until(kWritable));
    EXPECT_EQ(connect_error(socket_), 0);
    EXPECT_FALSE(socket_.readable());
    EXPECT_FALSE(socket_.gone());
}

TEST_F(PollerTest, AShortReadClearsReadable) {
    peer_->send("hello");
    ASSERT_TRUE(turn_until(kReadable));
    std::array<char, 64> bytes;
    const Transfer got = socket_.read(bytes);
    EXPECT_EQ(got.io, Io::done);
    EXPECT_EQ(std::string_view(bytes.data(), got.bytes), "hello");
    EXPECT_FALSE(socket_.readable());
    EXPECT_EQ(socket_.read(bytes).io, Io::again);
}

TEST_F(PollerTest, AFullReadKeepsReadable) {
    peer_->send("hello");
    ASSERT_TRUE(turn_until(kReadable));
    std::array<char, 5> bytes;
    EXPECT_EQ(socket_.read(bytes).bytes, 5u);
    EXPECT_TRUE(socket_.readable());
    EXPECT_EQ(socket_.read(bytes).io, Io::again);
}

TEST_F(PollerTest, DataAndFinInOneEdgeLoseNothing) {
    peer_->send("bye");
    peer_->shut();
    ASSERT_TRUE(turn_until(kReadable | kGone));
    std::array<char, 64> bytes;
    EXPECT_EQ(socket_.read(bytes).bytes, 3u);
    EXPECT_TRUE(socket_.readable()) << "a short read of a peer that has gone is not the end";
    const Transfer end = socket_.read(bytes);
    EXPECT_EQ(end.io, Io::closed);
    EXPECT_EQ(end.error, 0);
}

TEST_F(PollerTest, AResetIsAnError) {
    ASSERT_TRUE(turn_until(kWritable));
    peer_->reset();
    ASSERT_TRUE(turn_until(kGone));
    std::array<char, 64> bytes;
    const Transfer end = socket_.read(bytes);
    EXPECT_EQ(end.io, Io::closed);
    EXPECT_EQ(end.error, ECONNRESET);
}

TEST_F(PollerTest, AFullPipeClearsWritableAndTheEdgeBringsItBack) {
    ASSERT_TRUE(turn_until(kWritable));
    std::string big(1 << 20, 'x');
    size_t sent = 0;
    for (;;) {
        const std::array<iovec, 1> piece{iovec{big.data(), big.size()}};
        const Transfer out = socket_.write(piece);
        if (out.io != Io::done) break;
        sent += out.bytes;
    }
    EXPECT_FALSE(socket_.writable());
    size_t received = 0;
    while (received < sent) received += peer_->receive().size();
    EXPECT_TRUE(turn_until(kWritable));
}

TEST_F(PollerTest, WritingToAGonePeerIsAValueNotASignal) {
    ASSERT_TRUE(turn_until(kWritable));
    peer_->reset();
    ASSERT_TRUE(turn_until(kGone));
    std::string text = "x";
    const std::array<iovec, 1> piece{iovec{text.data(), 1}};
    socket_.write(piece);
    const Transfer out = socket_.write(piece);
    EXPECT_EQ(out.io, Io::closed);
    EXPECT_NE(out.error, 0);
}

TEST_F(PollerTest, AcknowledgedBytesCountTheHandshakeAsOne) {
    ASSERT_TRUE(turn_until(kWritable));
    EXPECT_LE(acknowledged_bytes(socket_), 1);
    std::string text = "0123456789";
    const std::array<iovec, 1> piece{iovec{text.data(), text.size()}};
    ASSERT_EQ(socket_.write(piece).bytes, 10u);
    ASSERT_EQ(peer_->receive(), text);
    for (int i = 0; i < 1000 && acknowledged_bytes(socket_) < 11; ++i) poller_.wait(1);
    EXPECT_EQ(acknowledged_bytes(socket_), 11);
}

TEST(Dial, ARefusedConnectIsTold) {
    Acceptor acceptor;
    const Address address = acceptor.address();
    acceptor.close();
    const Dialed dialed = dial(address);
    if (dialed.fd < 0) {
        EXPECT_EQ(dialed.error, ECONNREFUSED);
        return;
    }
    Poller poller;
    Socket socket;
    socket.fd = dialed.fd;
    ASSERT_TRUE(poller.add(socket, false));
    for (int i = 0; i < 200 && !socket.writable(); ++i) {
        poller.wait(10);
        poller.dispatch();
    }
    EXPECT_EQ(connect_error(socket), ECONNREFUSED);
    poller.close(socket);
}

// Two sockets become ready in one batch; the first one's coroutine closes the second.
struct Pair {
    FramePool pool;
    FramePool& frames() { return pool; }
    Poller poller;
    Socket first;
    Socket second;
    Waiter waiter;
    int second_events = 0;
};

Detached close_other(Pair& pair, Waiter& waiter, Socket& other) {
    co_await waiter.wake(kClientReadable);
    if (pair.second_events++ == 0) pair.poller.close(other);
}

Detached look_at_other(Pair&, Waiter& waiter, const Socket& other, int& seen) {
    co_await waiter.wake(kClientReadable);
    if (other.readable()) ++seen;
}

TEST(Batch, WhoRunsSeesTheBitsOfLaterEventsToo) {
    Acceptor acceptor;
    Pair pair;
    Waiter second_waiter;
    const Plain one(testing::connect_to(acceptor));
    pair.first.fd = acceptor.accept();
    const Plain two(testing::connect_to(acceptor));
    pair.second.fd = acceptor.accept();
    for (Socket* socket : {&pair.first, &pair.second}) {
        ASSERT_TRUE(pair.poller.add(*socket, true));
    }
    pair.first.source.attach(pair.waiter, kClientShift);
    pair.second.source.attach(second_waiter, kClientShift);
    int seen = 0;
    look_at_other(pair, pair.waiter, pair.second, seen);
    look_at_other(pair, second_waiter, pair.first, seen);
    one.send("x");
    two.send("x");
    pair.poller.wait(1000);
    pair.poller.dispatch();
    EXPECT_EQ(seen, 2) << "both came in one batch, so each sees the other";
    pair.poller.close(pair.first);
    pair.poller.close(pair.second);
}

TEST(Batch, ASocketClosedInTheBatchGetsNoEvent) {
    Acceptor acceptor;
    Pair pair;
    Waiter second_waiter;
    const Plain one(testing::connect_to(acceptor));
    pair.first.fd = acceptor.accept();
    const Plain two(testing::connect_to(acceptor));
    pair.second.fd = acceptor.accept();
    for (Socket* socket : {&pair.first, &pair.second}) {
        ASSERT_EQ(::fcntl(socket->fd, F_SETFL, O_NONBLOCK), 0);
        ASSERT_TRUE(pair.poller.add(*socket, true));
    }
    pair.first.source.attach(pair.waiter, kClientShift);
    pair.second.source.attach(second_waiter, kClientShift);
    pair.waiter.client = &pair.first.source;
    second_waiter.client = &pair.second.source;
    close_other(pair, pair.waiter, pair.second);
    close_other(pair, second_waiter, pair.first);
    one.send("x");
    two.send("x");
    for (int i = 0; i < 100 && pair.second_events == 0; ++i) {
        pair.poller.wait(10);
        pair.poller.dispatch();
    }
    pair.poller.wait(10);
    pair.poller.dispatch();
    EXPECT_EQ(pair.second_events, 1) << "whichever came first closed the other";
    pair.poller.close(pair.first);
    pair.poller.close(pair.second);
    if (pair.second_events == 1) {
        pair.waiter.raised(kClientReadable);
        second_waiter.raised(kClientReadable);
    }
}

TEST(Addresses, AreWrittenAsPeopleWriteThem) {
    std::array<char, kAddressTextBytes> text;
    const Address v4{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3}, 80};
    EXPECT_EQ(std::string_view(text.data(), address_text(v4, text.data())), "10.1.2.3");
    EXPECT_EQ(with_port(v4), "10.1.2.3:80");
    Address v6;
    v6.bytes[0] = 0x20;
    v6.bytes[1] = 0x01;
    v6.bytes[2] = 0x0d;
    v6.bytes[3] = 0xb8;
    v6.bytes[15] = 1;
    EXPECT_EQ(std::string_view(text.data(), address_text(v6, text.data())), "2001:db8::1");
    v6.port = 443;
    EXPECT_EQ(with_port(v6), "[2001:db8::1]:443");
}

}  // namespace
}  // namespace sluice::net
