// Accepting, its pauses, and draining, on real sockets.
#include "proxy/worker/connections.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>

#include "tests/unit/worker/world.h"

namespace sluice::worker {
namespace {

using testing::Acceptor;
using testing::Plain;
using testing::World;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nhost: a.example\r\n\r\n";

// Connections wait in coroutines for as long as the process lives, so what they use does too.
struct Server {
    explicit Server(size_t most) : connections(world.services, world.poller, world.blocks, most) {
        const int fd = ::fcntl(acceptor.fd(), F_DUPFD_CLOEXEC, 0);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        connections.listen(fd);
    }
    Acceptor acceptor;
    World world;
    ClientConnections connections;
};

class ConnectionsTest : public ::testing::Test {
protected:
    Server& server(size_t most = limits::kConnections) {
        static std::vector<std::unique_ptr<Server>>& all =
            *new std::vector<std::unique_ptr<Server>>;
        all.push_back(std::make_unique<Server>(most));
        return *all.back();
    }
    static std::unique_ptr<Plain> client(Server& server) {
        return std::make_unique<Plain>(net::testing::connect_to(server.acceptor));
    }
    static std::string answer(Server& server, const Plain& client) {
        std::string got;
        server.world.until([&] {
            got += client.receive(0);
            return got.find('}') != std::string::npos;
        });
        return got;
    }
};

TEST_F(ConnectionsTest, AcceptsAndServes) {
    Server& running = server();
    const auto one = client(running);
    one->send(kGet);
    EXPECT_TRUE(answer(running, *one).starts_with("HTTP/1.1 503")) << "there is no table yet";
    EXPECT_EQ(running.connections.open(), 1u);
    one->close();
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 0; }));
}

TEST_F(ConnectionsTest, AtTheCapTheNextOneWaitsItsTurn) {
    Server& running = server(2);
    const auto one = client(running);
    const auto two = client(running);
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 2; }));
    EXPECT_EQ(running.world.ended(Reason::too_many_connections), 1u);
    const auto three = client(running);
    three->send(kGet);
    for (int i = 0; i < 5; ++i) running.world.turn();
    EXPECT_EQ(running.connections.open(), 2u);
    EXPECT_EQ(running.world.ended(Reason::too_many_connections), 1u) << "a pause, not a spin";
    one->close();
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 1; }));
    running.world.pass(60);
    EXPECT_TRUE(answer(running, *three).starts_with("HTTP/1.1 503"));
    EXPECT_EQ(running.connections.open(), 2u);
    two->close();
}

TEST_F(ConnectionsTest, OutOfDescriptorsItPausesAndRecovers) {
    Server& running = server();
    const auto one = client(running);
    one->send(kGet);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    // The next descriptor would be this one.
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    for (int i = 0; i < 10; ++i) running.world.turn();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(running.connections.open(), 0u);
    EXPECT_EQ(running.world.ended(Reason::out_of_descriptors), 1u) << "a pause, not a spin";
    running.world.pass(60);
    EXPECT_TRUE(answer(running, *one).starts_with("HTTP/1.1 503"));
}

TEST_F(ConnectionsTest, DrainingClosesIdleOnesAndTheListener) {
    Server& running = server();
    const auto idle = client(running);
    const auto begun = client(running);
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 2; }));
    begun->send("GET / HT");
    for (int i = 0; i < 5; ++i) running.world.turn();
    running.connections.drain();
    running.world.turn();
    EXPECT_EQ(running.connections.open(), 1u) << "the one with half a request goes on";
    EXPECT_EQ(running.world.ended(Reason::draining), 1u);
    EXPECT_TRUE(idle->at_end(0));
    begun->send("TP/1.1\r\nhost: a.example\r\n\r\n");
    const std::string got = answer(running, *begun);
    EXPECT_NE(got.find("connection: close"), std::string::npos) << got;
    begun->close();
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 0; }));
    const auto late = client(running);  // the test's own descriptor keeps the queue
    for (int i = 0; i < 5; ++i) running.world.turn();
    EXPECT_EQ(running.connections.open(), 0u);
    EXPECT_EQ(running.connections.accepted(), 2u);
}

TEST_F(ConnectionsTest, ObjectsAreUsedAgain) {
    Server& running = server();
    for (int i = 0; i < 20; ++i) {
        const auto one = client(running);
        one->send(kGet);
        EXPECT_FALSE(answer(running, *one).empty());
        one->close();
        EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 0; }));
    }
    EXPECT_EQ(running.connections.accepted(), 20u);
    EXPECT_LE(running.world.frames.fresh(), 8u)
        << "frames of the first connection serve the others";
}

}  // namespace
}  // namespace sluice::worker
