// The ladder on real connections, with memory as the test says it is.
#include "proxy/worker/overload.h"

#include <functional>
#include <gtest/gtest.h>

#include <fcntl.h>

#include "proxy/worker/reclaim.h"
#include "tests/unit/worker/world.h"

namespace sluice::worker {
namespace {

using exchange::Step;
using testing::Acceptor;
using testing::kMs;
using testing::Plain;
using testing::World;

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nhost: a.example\r\n\r\n";
constexpr uint64_t kShare = 1'000'000;

struct Memory final : MemorySource {
    uint64_t own_bytes = 0;
    uint64_t container_bytes = 0;
    uint64_t files = 0;
    mutable int asked_for_files = 0;
    uint64_t own() const override { return own_bytes; }
    std::function<uint64_t()> given_back = [] { return uint64_t{0}; };  // since the last reading
    std::optional<uint64_t> container() const override { return container_bytes - given_back(); }
    uint64_t reclaimable() const override {
        ++asked_for_files;
        return files;
    }
};

// Connections wait in coroutines for as long as the process lives, so what they use does too.
struct Server {
    Server() : connections(world.services, world.poller, world.blocks) {
        const int fd = ::fcntl(acceptor.fd(), F_DUPFD_CLOEXEC, 0);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        connections.offer(0, fd);
        connections.adopt(0);
    }
    std::unique_ptr<Plain> client() {
        const size_t before = connections.open();
        auto made = std::make_unique<Plain>(net::testing::connect_to(acceptor));
        world.until([&] { return connections.open() > before; });
        return made;
    }
    std::string answer(const Plain& from) {
        std::string got;
        world.until([&] {
            got += from.receive(0);
            return got.find('}') != std::string::npos;
        });
        return got;
    }
    Step step() const { return world.services.pressure.step; }
    live::WorkerRecord& record() { return world.live.mapping.worker(0); }
    void look(uint64_t own) {
        memory.own_bytes = own;
        overload.look();
    }

    Acceptor acceptor;
    World world;
    ClientConnections connections;
    Memory memory;
    Overload overload{
        {.share = kShare, .cgroup_limit = 2 * kShare, .cgroup = "", .workers = 2},
        {world.services,
         world.blocks,
         world.poller,
         world.pool,
         connections,
         world.live.mapping.worker(0),
         memory},
        0,
    };
};

class OverloadTest : public ::testing::Test {
protected:
    static Server& server() {
        static std::vector<std::unique_ptr<Server>>& all =
            *new std::vector<std::unique_ptr<Server>>;
        all.push_back(std::make_unique<Server>());
        return *all.back();
    }

    // So many clients, each of which holds one block with a head that does not end.
    std::vector<std::unique_ptr<Plain>> holders(size_t count) {
        std::vector<std::unique_ptr<Plain>> clients;
        for (size_t i = 0; i < count; ++i) {
            clients.push_back(server_.client());
            clients.back()->send("GET /" + std::string(limits::kMiddleBlockBytes, 'a'));
        }
        EXPECT_TRUE(server_.world.until([&] { return server_.world.blocks.held() == count; }));
        return clients;
    }

    Server& server_ = server();
};

TEST_F(OverloadTest, GoesByTheWorkersOwnMemory) {
    server_.look(kShare / 1000 * limits::kShrinkPermille - 1000);
    EXPECT_EQ(server_.step(), Step::none);
    EXPECT_FALSE(server_.world.blocks.frugal());
    server_.look(kShare / 1000 * limits::kShrinkPermille);
    EXPECT_EQ(server_.step(), Step::shrink);
    EXPECT_TRUE(server_.world.blocks.frugal());
    server_.look(0);
    EXPECT_EQ(server_.step(), Step::none);
    EXPECT_FALSE(server_.world.blocks.frugal());
}

TEST_F(OverloadTest, GoesByTheContainersMemoryWithoutFilePages) {
    server_.memory.container_bytes = kShare;
    server_.look(0);
    EXPECT_EQ(server_.step(), Step::none);
    EXPECT_EQ(server_.memory.asked_for_files, 0) << "half full: they decide nothing";
    server_.memory.container_bytes = 2 * kShare / 1000 * limits::kClosePermille;
    server_.look(0);
    EXPECT_EQ(server_.step(), Step::close);
    server_.memory.files = kShare;
    server_.look(0);
    EXPECT_EQ(server_.step(), Step::none);
}

TEST_F(OverloadTest, CountsEachStepThatItEntersAndShowsWhereItStands) {
    server_.look(kShare / 1000 * limits::kRefusePermille);
    server_.look(0);
    server_.look(kShare / 1000 * limits::kShrinkPermille);
    EXPECT_EQ(server_.record().pressure, static_cast<uint32_t>(Step::shrink));
    EXPECT_EQ(server_.record().memory_limit, kShare);
    EXPECT_EQ(server_.record().memory, kShare / 1000 * limits::kShrinkPermille);
    const std::array<uint64_t, kSteps> entered{0, 2, 1, 1, 0, 0};
    for (size_t i = 0; i < kSteps; ++i) {
        EXPECT_EQ(server_.record().pressure_steps[i], entered[i]) << i;
    }
}

TEST_F(OverloadTest, BlocksTakenBetweenTwoLooksClimbAtOnce) {
    server_.look(kShare / 1000 * 700);
    std::vector<net::Block*> taken;
    while (server_.step() < Step::stop && taken.size() < 100) {
        taken.push_back(server_.world.blocks.take());
    }
    const uint64_t used = kShare / 1000 * 700 + server_.world.blocks.bytes();
    EXPECT_GE(used, kShare / 1000 * limits::kStopPermille);
    EXPECT_LE(used, kShare / 1000 * limits::kStopPermille + 2 * limits::kBlockBytes);
    for (net::Block* block : taken) server_.world.blocks.give(block);
    server_.look(kShare / 1000 * 100);
    EXPECT_EQ(server_.step(), Step::none);
    EXPECT_EQ(server_.world.blocks.bytes(), 0U) << "free blocks went back to the heap";
}

TEST_F(OverloadTest, SiblingsAreExpectedToGrowAsMuch) {
    server_.memory.container_bytes = 2 * kShare / 1000 * 700;
    server_.look(0);
    std::vector<net::Block*> taken;
    while (server_.step() == Step::none && taken.size() < 100) {
        taken.push_back(server_.world.blocks.take());
    }
    const uint64_t room = 2 * kShare / 1000 * (limits::kShrinkPermille - 700);
    EXPECT_LE(2 * server_.world.blocks.bytes(), room + 3 * limits::kBlockBytes);
    EXPECT_GE(2 * server_.world.blocks.bytes(), room);
    for (net::Block* block : taken) server_.world.blocks.give(block);
}

TEST_F(OverloadTest, AnswersCloseTheirConnectionFromCloseOn) {
    const auto one = server_.client();
    one->send(kGet);
    EXPECT_EQ(server_.answer(*one).find("connection: close"), std::string::npos);
    server_.look(kShare / 1000 * limits::kClosePermille);
    one->send(kGet);
    EXPECT_NE(server_.answer(*one).find("connection: close"), std::string::npos);
}

TEST_F(OverloadTest, NewRequestsAreRefusedAndToldWhenToComeAgain) {
    server_.look(kShare / 1000 * limits::kRefusePermille);
    server_.world.now += 4000 * kMs;
    const auto one = server_.client();
    one->send("POST /v1/chat/completions HTTP/1.1\r\nhost: a.example\r\n\r\n");
    const std::string got = server_.answer(*one);
    EXPECT_TRUE(got.starts_with("HTTP/1.1 503 ")) << got;
    EXPECT_NE(got.find("x-sluice-reason: overloaded"), std::string::npos) << got;
    EXPECT_NE(got.find("retry-after: 4\r\n"), std::string::npos) << got;
    EXPECT_NE(got.find(R"("type":"server_error","param":null,"code":"overloaded")"), got.npos);
    server_.look(0);
    const auto two = server_.client();
    two->send(kGet);
    EXPECT_NE(server_.answer(*two).find("table_absent"), std::string::npos) << "it goes on";
}

// Requests take their memory when their answers come: a flood would be in before it shows.
TEST_F(OverloadTest, NoMoreAreLetInThanAreLikelyToFit) {
    server_.look(kShare / 1000 * 700);
    const size_t room = kShare / 1000 * (limits::kRefusePermille - 700);
    const size_t most = server_.world.services.pressure.most_open;
    EXPECT_EQ(most, room / (32 << 10));
    EXPECT_FALSE(server_.world.services.pressure.refuses(most));
    EXPECT_TRUE(server_.world.services.pressure.refuses(most + 1));
    server_.look(0);
    EXPECT_GT(server_.world.services.pressure.most_open, most);
}

TEST_F(OverloadTest, WhatOneHoldsIsRememberedForAWhile) {
    std::vector<net::Block*> taken;
    for (int i = 0; i < 8; ++i) taken.push_back(server_.world.blocks.take(true));
    const live::Journal::Index open = server_.world.live.journal.open(server_.world.now);
    server_.look(0);
    const size_t few = server_.world.services.pressure.most_open;
    EXPECT_LE(few, 1 + kShare / (8 * limits::kBulkBytes)) << "one that holds half a megabyte";
    server_.world.live.journal.close(open);
    for (net::Block* block : taken) server_.world.blocks.give(block);
    server_.look(0);
    EXPECT_LE(server_.world.services.pressure.most_open, few + 1);
    for (int i = 0; i < 300; ++i) server_.look(0);
    EXPECT_GE(server_.world.services.pressure.most_open, 20U);
}

TEST_F(OverloadTest, OldIdleConnectionsAreClosedAndYoungOnesAreNot) {
    const auto old = server_.client();
    server_.world.now += 1500 * kMs;
    const auto young = server_.client();
    server_.look(kShare / 1000 * limits::kClosePermille);
    server_.look(kShare / 1000 * limits::kClosePermille);
    EXPECT_TRUE(server_.world.until([&] { return server_.connections.open() == 1; }));
    EXPECT_TRUE(old->at_end(0));
    EXPECT_EQ(server_.world.ended(Reason::idle_reclaimed), 1U);
    young->send(kGet);
    EXPECT_TRUE(server_.answer(*young).starts_with("HTTP/1.1 503"));
}

// Its header, and a request behind it, may be under way as well.
TEST_F(OverloadTest, AYoungConnectionThatOwesItsProxyHeaderIsNotClosed) {
    const Acceptor balanced;
    const int fd = ::fcntl(balanced.fd(), F_DUPFD_CLOEXEC, 0);
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    server_.connections.offer(1, fd, true);
    server_.connections.adopt(1);
    server_.world.now += 10'000 * kMs;
    const Plain young(net::testing::connect_to(balanced));
    ASSERT_TRUE(server_.world.until([&] { return server_.connections.open() == 1; }));
    server_.look(kShare / 1000 * limits::kClosePermille);
    server_.look(kShare / 1000 * limits::kClosePermille);
    young.send("PROXY TCP4 192.0.2.7 192.0.2.8 4000 80\r\n" + std::string(kGet));
    EXPECT_TRUE(server_.answer(young).starts_with("HTTP/1.1 503"));
    EXPECT_EQ(server_.world.ended(Reason::idle_reclaimed), 0U);
}

TEST_F(OverloadTest, TheOldestIdleConnectionGoesFirst) {
    std::vector<std::unique_ptr<Plain>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(server_.client());
        server_.world.now += 10 * kMs;
    }
    EXPECT_EQ(close_idle(server_.connections, server_.world.now, 2), 2U);
    EXPECT_TRUE(server_.world.until([&] { return server_.connections.open() == 1; }));
    EXPECT_TRUE(clients[0]->at_end(0));
    EXPECT_TRUE(clients[1]->at_end(0));
    EXPECT_FALSE(clients[2]->at_end(0));
}

TEST_F(OverloadTest, WhoHoldsMostIsResetFirst) {
    const auto small = server_.client();
    const auto large = server_.client();
    small->send("GET /");
    large->send(
        "GET / HTTP/1.1\r\nx: " + std::string(8000, 'a') + "\r\ny: " + std::string(8000, 'b') +
        "\r\nz: " + std::string(2000, 'c')
    );
    EXPECT_TRUE(server_.world.until([&] {
        return server_.world.blocks.bytes() >= limits::kBlockBytes + limits::kBulkBytes;
    }));
    int asked = 0;
    const size_t reset =
        reset_largest(server_.connections, server_.world.poller, [&] { return asked++ == 1; });
    EXPECT_EQ(reset, 1U) << "one at a time";
    EXPECT_EQ(server_.connections.open(), 1U);
    EXPECT_EQ(server_.world.ended(Reason::memory_reclaimed), 1U);
    EXPECT_TRUE(large->at_end(100));
    small->send(" HTTP/1.1\r\nhost: a.example\r\n\r\n");
    EXPECT_TRUE(server_.answer(*small).starts_with("HTTP/1.1 503")) << "the small one goes on";
}

TEST_F(OverloadTest, ResettingStopsOnceThereIsEnough) {
    const auto clients = holders(8);
    // Three blocks too many.
    const uint64_t block = server_.world.blocks.bytes() / 8;
    server_.look(kShare / 1000 * limits::kReclaimPermille + 2 * block + block / 2);
    EXPECT_EQ(server_.step(), Step::stop);
    server_.overload.after_batch();
    EXPECT_EQ(server_.connections.open(), 5U);
    EXPECT_EQ(server_.world.ended(Reason::memory_reclaimed), 3U);
}

// Pipes and socket buffers are the kernel's: only the container's reading tells that they are gone.
TEST_F(OverloadTest, ResettingStopsOnceTheContainerHasEnough) {
    const auto clients = holders(8);
    const uint64_t mark = 2 * kShare / 1000 * limits::kReclaimPermille;
    server_.memory.container_bytes = mark + 50'000;
    server_.memory.given_back = [this] {
        return server_.connections.open() < 8 ? uint64_t{100'000} : 0;
    };
    ASSERT_LT(2 * server_.world.blocks.bytes() / 8, 50'000U) << "blocks alone would take two";
    server_.look(0);
    EXPECT_EQ(server_.step(), Step::reclaim);
    server_.overload.after_batch();
    EXPECT_EQ(server_.connections.open(), 7U);
    EXPECT_EQ(server_.world.ended(Reason::memory_reclaimed), 1U);
}

TEST_F(OverloadTest, NobodyIsAcceptedOnTheLastStepAndThenTheyAre) {
    server_.look(kShare);
    const auto late = std::make_unique<Plain>(net::testing::connect_to(server_.acceptor));
    late->send(kGet);
    for (int i = 0; i < 10; ++i) server_.world.turn();
    EXPECT_EQ(server_.connections.open(), 0U);
    server_.look(0);
    server_.world.pass(60);
    EXPECT_TRUE(server_.answer(*late).starts_with("HTTP/1.1 503"));
}

TEST_F(OverloadTest, WithoutALimitThereIsNoLadder) {
    Overload none(
        {},
        {server_.world.services,
         server_.world.blocks,
         server_.world.poller,
         server_.world.pool,
         server_.connections,
         server_.world.live.mapping.worker(0),
         server_.memory},
        0
    );
    server_.memory.own_bytes = uint64_t{1} << 40;
    none.look();
    EXPECT_EQ(server_.step(), Step::none);
}

}  // namespace
}  // namespace sluice::worker
