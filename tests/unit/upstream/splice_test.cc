// Bodies that pass from socket to socket unread: what goes through, and each way of stopping.
#include "proxy/upstream/splice.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>

#include "table/limits.h"
#include "tests/unit/upstream/loop.h"

namespace sluice::upstream {
namespace {

using testing::Acceptor;
using testing::Plain;
using Stop = Splice::Stop;

constexpr size_t kPlenty = size_t{1} << 30;

// A stream of ours and the peer that a test plays.
struct Side {
    Side(net::Poller& watched, net::BlockPool& blocks) : poller(watched), stream(blocks) {
        Acceptor acceptor;
        const int fd = net::testing::connect_to(acceptor);
        EXPECT_EQ(::fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        stream.socket.fd = fd;
        EXPECT_TRUE(poller.add(stream.socket, true));
        peer = std::make_unique<Plain>(acceptor.accept());
    }
    ~Side() { poller.close(stream.socket); }

    net::Poller& poller;
    H1Stream stream;
    std::unique_ptr<Plain> peer;
};

std::string bytes(size_t count) {
    std::string text(count, '\0');
    for (size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i * 7 % 26 + i / 4096 % 3);
    return text;
}

class SpliceTest : public ::testing::Test {
protected:
    void begin(uint64_t length) {
        from_.stream.begin_body({http::Framing::length, length});
        to_.stream.begin_message(http::Framing::length);
    }
    void turn() {
        poller_.wait(10);
        poller_.dispatch();
        poller_.reclaim();
    }
    Stop move(size_t budget = kPlenty) {
        return splice_.move(&from_.stream, &to_.stream, pipes_, budget, delivered_);
    }
    // Moves and reads until `stop`, at most two seconds.
    Stop move_until(Stop stop) {
        Stop last = Stop::nothing_left;
        for (int i = 0; i < 200; ++i) {
            last = move();
            got_ += to_.peer->receive(0);
            if (last == stop) break;
            turn();
        }
        return last;
    }
    // Moves without anybody reading until the socket behind takes no more.
    void fill_up() {
        for (int i = 0; i < 200 && !splice_.holds(); ++i) {
            from_.peer->send(bytes(64 * 1024));
            turn();
            while (move() == Stop::budget) {
            }
        }
        ASSERT_TRUE(splice_.holds());
    }

    net::Poller poller_;
    net::BlockPool blocks_;
    net::PipePool pipes_;
    Side from_{poller_, blocks_};
    Side to_{poller_, blocks_};
    Splice splice_;
    uint64_t delivered_ = 0;
    std::string got_;
};

TEST_F(SpliceTest, ABodyPassesWholeBehindWhatIsStaged) {
    const std::string body = bytes(300'000);
    begin(body.size());
    std::string_view head = "HEAD";
    ASSERT_EQ(to_.stream.write_body(head, false), Io::done);
    ASSERT_TRUE(to_.stream.pending());
    std::thread writer([&] { from_.peer->send(body); });
    EXPECT_EQ(move_until(Stop::nothing_left), Stop::nothing_left);
    writer.join();
    while (got_.size() < body.size() + 4) got_ += to_.peer->receive(1000);
    EXPECT_TRUE(got_ == "HEAD" + body);
    EXPECT_EQ(delivered_, body.size());
    EXPECT_TRUE(from_.stream.body_ended());
    EXPECT_FALSE(from_.stream.socket.readable()) << "or it could not be pooled";
    EXPECT_EQ(pipes_.in_use(), 0u);
    EXPECT_EQ(pipes_.idle(), 1u) << "kept for the next body";
}

TEST_F(SpliceTest, OnlyALongRestPays) {
    begin(limits::kSpliceBytes - 1);
    EXPECT_EQ(move(), Stop::nothing_left);
    EXPECT_EQ(pipes_.in_use(), 0u);
    begin(limits::kSpliceBytes);
    EXPECT_EQ(move(), Stop::from_again);
    EXPECT_EQ(pipes_.in_use(), 1u);
    splice_.rest(pipes_);
    EXPECT_EQ(pipes_.in_use(), 0u) << "an empty pipe is not kept over a wait";
}

TEST_F(SpliceTest, AnythingButTwoKnownLengthsIsCopied) {
    from_.stream.begin_body({http::Framing::chunked, 0});
    to_.stream.begin_message(http::Framing::length);
    EXPECT_EQ(move(), Stop::nothing_left);
    begin(1'000'000);
    to_.stream.begin_message(http::Framing::chunked);
    EXPECT_EQ(move(), Stop::nothing_left);
    uint64_t delivered = 0;
    size_t budget = kPlenty;
    EXPECT_EQ(splice_.move(nullptr, &to_.stream, pipes_, budget, delivered), Stop::nothing_left);
    EXPECT_EQ(splice_.move(&from_.stream, nullptr, pipes_, budget, delivered), Stop::nothing_left);
    EXPECT_EQ(pipes_.in_use() + pipes_.idle(), 0u);
}

TEST_F(SpliceTest, BytesThatWereReadAlreadyAreNotOvertaken) {
    begin(1'000'000);
    from_.peer->send("already");
    turn();
    ASSERT_EQ(from_.stream.fill(), Io::done);
    EXPECT_EQ(from_.stream.passable(), 0u);
    EXPECT_EQ(move(), Stop::nothing_left);
}

TEST_F(SpliceTest, WithoutAPipeItIsCopied) {
    std::vector<net::Pipe> all;
    for (size_t i = 0; i < limits::kPipes; ++i) {
        all.push_back(pipes_.take());
        ASSERT_TRUE(all.back().open());
    }
    EXPECT_FALSE(pipes_.take().open()) << "limit + 1";
    begin(1'000'000);
    EXPECT_EQ(move(), Stop::nothing_left);
    pipes_.give(std::move(all.back()));
    all.pop_back();
    EXPECT_EQ(move(), Stop::from_again);
}

TEST_F(SpliceTest, ASinkThatTakesNothingHoldsOnePipe) {
    begin(uint64_t{1} << 40);
    fill_up();
    EXPECT_EQ(move(), Stop::to_again);
    splice_.rest(pipes_);
    EXPECT_TRUE(splice_.holds());
    EXPECT_EQ(pipes_.in_use(), 1u);
    const uint64_t before = delivered_;
    for (int i = 0; i < 200 && delivered_ == before; ++i) {
        to_.peer->receive(0);
        turn();
        move();
    }
    EXPECT_GT(delivered_, before);
}

TEST_F(SpliceTest, APipeWithAnothersBytesIsNeverHandedOn) {
    begin(uint64_t{1} << 40);
    fill_up();
    splice_.end(pipes_);
    EXPECT_EQ(pipes_.in_use(), 0u);
    EXPECT_EQ(pipes_.idle(), 0u);
}

TEST_F(SpliceTest, ASourceThatEndsTooEarlyIsFoundByTheNextRead) {
    begin(1'000'000);
    from_.peer->send(bytes(1000));
    from_.peer->close();
    EXPECT_EQ(move_until(Stop::from_closed), Stop::from_closed);
    std::string_view span;
    bool last = false;
    EXPECT_EQ(from_.stream.read_body(span, last), Io::closed);
    EXPECT_EQ(from_.stream.read_error(), 0);
    EXPECT_EQ(delivered_, 1000u);
}

TEST_F(SpliceTest, AResetStaysAReset) {
    begin(1'000'000);
    from_.peer->reset();
    EXPECT_EQ(move_until(Stop::from_closed), Stop::from_closed);
    std::string_view span;
    bool last = false;
    EXPECT_EQ(from_.stream.read_body(span, last), Io::closed);
    EXPECT_EQ(from_.stream.read_error(), ECONNRESET);
}

TEST_F(SpliceTest, ASinkThatIsGoneStopsIt) {
    begin(uint64_t{1} << 40);
    to_.peer->reset();
    for (int i = 0; i < 200 && !to_.stream.socket.gone(); ++i) turn();
    from_.peer->send(bytes(10'000));
    EXPECT_EQ(move_until(Stop::to_closed), Stop::to_closed);
    EXPECT_FALSE(to_.stream.replayable());
    splice_.end(pipes_);
    EXPECT_EQ(pipes_.idle(), 0u);
}

TEST_F(SpliceTest, ATurnIsBounded) {
    begin(1'000'000);
    from_.peer->send(bytes(100'000));
    for (int i = 0; i < 200 && move(10'000) != Stop::budget; ++i) turn();
    EXPECT_EQ(delivered_, 10'000u);
}

TEST_F(SpliceTest, UnusedPipesAreTrimmed) {
    std::vector<net::Pipe> taken;
    for (int i = 0; i < 4; ++i) taken.push_back(pipes_.take());
    for (net::Pipe& pipe : taken) pipes_.give(std::move(pipe));
    EXPECT_EQ(pipes_.idle(), 4u);
    pipes_.trim();
    EXPECT_EQ(pipes_.idle(), 2u);
}

TEST_F(SpliceTest, AFrugalPoolGivesNone) {
    pipes_.give(pipes_.take());
    net::Pipe out = pipes_.take();
    pipes_.set_frugal(true);
    EXPECT_FALSE(pipes_.take().open());
    pipes_.give(std::move(out));
    EXPECT_EQ(pipes_.idle() + pipes_.in_use(), 0u);
    pipes_.set_frugal(false);
    EXPECT_TRUE(pipes_.take().open());
}

}  // namespace
}  // namespace sluice::upstream
