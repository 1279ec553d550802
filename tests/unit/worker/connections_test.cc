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
    Server(size_t most, size_t per_source)
        : connections(world.services, world.poller, world.blocks, most, per_source) {
        const int fd = ::fcntl(acceptor.fd(), F_DUPFD_CLOEXEC, 0);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        connections.offer(0, fd);
        connections.adopt(0);
    }
    // Another worker's socket, with its own queue.
    void offer_sibling(uint32_t worker, const Acceptor& of, bool proxied = false) {
        const int fd = ::fcntl(of.fd(), F_DUPFD_CLOEXEC, 0);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        connections.offer(worker, fd, proxied);
    }
    // Turns in which what is ready happens.
    void settle() {
        for (int i = 0; i < 5; ++i) world.turn();
    }

    Acceptor acceptor;
    World world;
    ClientConnections connections;
};

class ConnectionsTest : public ::testing::Test {
protected:
    Server& server(
        size_t most = limits::kConnections, size_t per_source = limits::kConnectionsPerSource
    ) {
        static std::vector<std::unique_ptr<Server>>& all =
            *new std::vector<std::unique_ptr<Server>>;
        all.push_back(std::make_unique<Server>(most, per_source));
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

// Under load most requests stand in the kernel when the order to drain is read: their connections
// look idle, and the queue looks like nobody's.
TEST_F(ConnectionsTest, DrainingServesWhatCameBeforeIt) {
    Server& running = server();
    const auto kept = client(running);
    kept->send(kGet);
    EXPECT_FALSE(answer(running, *kept).empty());
    kept->send(kGet);
    const auto queued = client(running);
    queued->send(kGet);
    running.connections.drain();
    for (Plain* each : {kept.get(), queued.get()}) {
        const std::string got = answer(running, *each);
        EXPECT_TRUE(got.starts_with("HTTP/1.1 503")) << got;
        EXPECT_NE(got.find("connection: close"), std::string::npos) << got;
        each->close();  // as told; until then the worker lingers
    }
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 0; }));
    EXPECT_EQ(running.world.ended(Reason::draining), 0u);
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

// --- the sockets of siblings

std::unique_ptr<Plain> client_of(const Acceptor& acceptor) {
    return std::make_unique<Plain>(net::testing::connect_to(acceptor));
}

TEST_F(ConnectionsTest, ASiblingsSocketIsLeftAloneUntilItIsAdopted) {
    Server& running = server();
    const Acceptor sibling;
    running.offer_sibling(1, sibling);
    const auto waiting = client_of(sibling);
    waiting->send(kGet);
    running.settle();
    EXPECT_EQ(running.connections.open(), 0u);
    running.connections.adopt(1);
    EXPECT_TRUE(answer(running, *waiting).starts_with("HTTP/1.1 503")) << "who waited is served";
    const auto later = client_of(sibling);
    later->send(kGet);
    EXPECT_TRUE(answer(running, *later).starts_with("HTTP/1.1 503"));
    EXPECT_EQ(running.connections.open(), 2u);
}

TEST_F(ConnectionsTest, AReleasedSocketIsLeftAloneAndMayBeAdoptedAgain) {
    Server& running = server();
    const Acceptor sibling;
    running.offer_sibling(1, sibling);
    for (int round = 0; round < 3; ++round) {
        running.connections.adopt(1);
        running.connections.adopt(1);  // twice is once
        const auto served = client_of(sibling);
        served->send(kGet);
        EXPECT_TRUE(answer(running, *served).starts_with("HTTP/1.1 503"));
        running.connections.release(1);
        running.connections.release(1);
        served->send(kGet);
        EXPECT_TRUE(answer(running, *served).starts_with("HTTP/1.1 503"))
            << "who was accepted is served on";
        const size_t before = running.connections.open();
        const auto left = client_of(sibling);
        running.settle();
        EXPECT_EQ(running.connections.open(), before);
        running.connections.adopt(1);  // takes the one that was left, then the next round's
        EXPECT_TRUE(running.world.until([&] { return running.connections.open() == before + 1; }));
    }
    const auto own = client(running);
    own->send(kGet);
    EXPECT_TRUE(answer(running, *own).starts_with("HTTP/1.1 503")) << "our own go on all the while";
}

TEST_F(ConnectionsTest, ReleasedInTheBatchThatWokeItNobodyIsAccepted) {
    Server& running = server();
    const Acceptor sibling;
    running.offer_sibling(1, sibling);
    running.connections.adopt(1);
    running.settle();
    const auto late = client_of(sibling);
    running.world.poller.wait(100);  // the event is there …
    running.connections.release(1);  // … and the order came before it in the same batch
    running.world.poller.dispatch();
    running.settle();
    EXPECT_EQ(running.connections.open(), 0u);
    running.connections.adopt(1);
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 1; }));
}

TEST_F(ConnectionsTest, ReleasedWhileItPausesItStaysAway) {
    Server& running = server(1);
    const Acceptor sibling;
    running.offer_sibling(1, sibling);
    running.connections.adopt(1);
    const auto one = client_of(sibling);
    ASSERT_TRUE(running.world.until([&] { return running.connections.open() == 1; }));
    const auto two = client_of(sibling);
    running.settle();
    EXPECT_GE(running.world.ended(Reason::too_many_connections), 1u) << "it pauses";
    running.connections.release(1);
    one->close();
    ASSERT_TRUE(running.world.until([&] { return running.connections.open() == 0; }));
    running.world.pass(60);
    running.settle();
    EXPECT_EQ(running.connections.open(), 0u) << "the pause is over, and it is not ours any more";
    running.connections.adopt(1);
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 1; }));
}

TEST_F(ConnectionsTest, AnOfferedListenerMaySpeakTheProxyProtocol) {
    Server& running = server();
    const Acceptor sibling;
    running.offer_sibling(1, sibling, true);
    running.connections.adopt(1);
    const auto plain = client_of(sibling);
    plain->send(kGet);
    EXPECT_TRUE(running.world.until([&] { return plain->at_end(0); })) << "no header, no answer";
    EXPECT_EQ(running.world.ended(Reason::bad_proxy_header), 1u);
    const auto proxied = client_of(sibling);
    proxied->send("PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\n" + std::string(kGet));
    EXPECT_TRUE(answer(running, *proxied).starts_with("HTTP/1.1 503"));
}

// --- many of one source

TEST_F(ConnectionsTest, OneSourceHasItsCapAndNotOneMore) {
    Server& running = server(16, 2);
    const auto one = client(running);
    const auto two = client(running);
    ASSERT_TRUE(running.world.until([&] { return running.connections.open() == 2; }));
    const auto three = client(running);
    EXPECT_TRUE(running.world.until([&] { return three->at_end(0); })) << "it is told at once";
    EXPECT_EQ(running.world.ended(Reason::too_many_from_source), 1u);
    EXPECT_EQ(running.connections.open(), 2u);
    two->send(kGet);
    EXPECT_TRUE(answer(running, *two).starts_with("HTTP/1.1 503")) << "the others are served on";
    one->close();
    ASSERT_TRUE(running.world.until([&] { return running.connections.open() == 1; }));
    const auto four = client(running);
    four->send(kGet);
    EXPECT_TRUE(answer(running, *four).starts_with("HTTP/1.1 503")) << "there is room again";
}

TEST_F(ConnectionsTest, ATrustedHopSpeaksForMany) {
    static const auto hops = http::TrustedHops::parse(std::vector<std::string>{"127.0.0.0/8"});
    Server& running = server(16, 1);
    running.world.hops = *hops;
    const auto one = client(running);
    const auto two = client(running);
    EXPECT_TRUE(running.world.until([&] { return running.connections.open() == 2; }));
    EXPECT_EQ(running.world.ended(Reason::too_many_from_source), 0u);
}

TEST_F(ConnectionsTest, BehindABalancerTheStatedSourceCounts) {
    Server& running = server(16, 1);
    const Acceptor balanced;
    running.offer_sibling(1, balanced, true);
    running.connections.adopt(1);
    const std::string_view header = "PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\n";
    const auto one = client_of(balanced);
    const auto other = client_of(balanced);
    one->send(std::string(header) + std::string(kGet));
    other->send("PROXY TCP4 192.0.2.9 192.0.2.8 4000 80\r\n" + std::string(kGet));
    EXPECT_TRUE(answer(running, *one).starts_with("HTTP/1.1 503"));
    EXPECT_TRUE(answer(running, *other).starts_with("HTTP/1.1 503")) << "another client";
    const auto second = client_of(balanced);
    second->send(std::string(header) + std::string(kGet));
    EXPECT_TRUE(running.world.until([&] { return second->at_end(0); }));
    EXPECT_EQ(running.world.ended(Reason::too_many_from_source), 1u);
    EXPECT_EQ(running.connections.open(), 2u);
}

TEST_F(ConnectionsTest, TheLogHasARefusedSourceOnceASecond) {
    Server& running = server(16, 1);
    live::LogWriter writer(running.world.live.mapping, 0);
    live::LogReader reader(running.world.live.mapping, 0);
    running.world.services.log.writer = &writer;
    const auto one = client(running);
    ASSERT_TRUE(running.world.until([&] { return running.connections.open() == 1; }));
    size_t lines = 0;
    for (int i = 0; i < 6; ++i) {
        const auto more = client(running);
        EXPECT_TRUE(running.world.until([&] { return more->at_end(0); }));
        if (i == 2) {
            running.world.pass(1000);
        }
        live::LogFacts facts;
        live::LogTexts texts;
        for (; reader.next(facts, texts); ++lines) {
            EXPECT_EQ(facts.reason, static_cast<uint16_t>(Reason::too_many_from_source));
            EXPECT_EQ(texts[static_cast<size_t>(live::LogText::caller)], "127.0.0.1");
        }
        reader.release();
    }
    EXPECT_EQ(running.world.ended(Reason::too_many_from_source), 6u);
    EXPECT_EQ(lines, 2u);
    running.world.services.log.writer = nullptr;
}

TEST_F(ConnectionsTest, DrainingClosesOfferedSocketsToo) {
    Server& running = server();
    const int last = ::dup(0);
    ::close(last);
    {
        const Acceptor sibling;
        running.offer_sibling(1, sibling);
        running.connections.drain();
        running.connections.adopt(1);  // too late
        const auto nobodys = client_of(sibling);
        running.settle();
        EXPECT_EQ(running.connections.open(), 0u);
    }
    const int next = ::dup(0);
    ::close(next);
    EXPECT_LE(next, last) << "no descriptor stays";
}

}  // namespace
}  // namespace sluice::worker
