// Long bodies from socket to socket, through a worker's real parts: however an exchange ends, its
// pipes come back, and what has not moved yet may still go elsewhere.
#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <poll.h>
#include <string>
#include <vector>

#include <fcntl.h>

#include "proxy/worker/connections.h"
#include "proxy/worker/reclaim.h"
#include "tests/unit/exchange/world.h"
#include "tests/unit/worker/world.h"

namespace sluice::worker {
namespace {

using testing::Acceptor;
using testing::Plain;
using testing::World;

constexpr size_t kOrigins = 2;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nhost: models.example\r\n\r\n";
constexpr std::string_view kLongAnswer = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n";
constexpr std::string_view kLongUpload =
    "POST / HTTP/1.1\r\nhost: models.example\r\ncontent-length: 1073741824\r\n\r\n";

// Connections wait in coroutines for as long as the process lives, so what they use does too.
struct Server {
    Server() : connections(world.services, world.poller, world.blocks) {
        const int fd = ::fcntl(acceptor.fd(), F_DUPFD_CLOEXEC, 0);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
        connections.offer(0, fd);
        connections.adopt(0);
        auto spec =
            exchange::testing::one_rule(exchange::testing::plain_rule(), std::size(origins));
        for (size_t i = 0; i < std::size(origins); ++i) {
            spec.endpoints.sets[0].endpoints[i].port = origins[i].port();
        }
        auto routes = world.tables.load_routes(table::testing::delivered(spec.routes));
        auto endpoints = world.tables.load_endpoints(table::testing::delivered(spec.endpoints));
        EXPECT_TRUE(routes && endpoints);
        world.tables.install(std::move(*routes));
        world.tables.install(std::move(*endpoints));
    }

    Acceptor acceptor;
    Acceptor origins[kOrigins];
    World world;
    ClientConnections connections;
};

class LongBodiesTest : public ::testing::Test {
protected:
    LongBodiesTest() {
        static std::vector<std::unique_ptr<Server>>& all =
            *new std::vector<std::unique_ptr<Server>>;
        all.push_back(std::make_unique<Server>());
        server_ = all.back().get();
        client_ = std::make_unique<Plain>(net::testing::connect_to(server_->acceptor));
    }
    bool until(const std::function<bool()>& done) { return server_->world.until(done); }
    size_t pipes() const { return server_->world.pipes.in_use(); }

    // The endpoint that is asked next.
    std::unique_ptr<Plain> origin() {
        int fd = -1;
        until([&] {
            for (const Acceptor& each : server_->origins) {
                pollfd wait{each.fd(), POLLIN, 0};
                if (fd < 0 && ::poll(&wait, 1, 0) > 0) fd = each.accept();
            }
            return fd >= 0;
        });
        EXPECT_GE(fd, 0) << "no endpoint was asked";
        return std::make_unique<Plain>(fd);
    }
    // Both endpoints, each with a connection that waits to be used again.
    std::array<std::unique_ptr<Plain>, kOrigins> two_warm_origins() {
        const Plain other(net::testing::connect_to(server_->acceptor));
        client_->send(kGet);
        other.send(kGet);
        std::array<std::unique_ptr<Plain>, kOrigins> both{origin(), origin()};
        for (const auto& each : both) {
            receive_until(*each, "\r\n\r\n");
            each->send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
        receive_until(*client_, "ok");
        receive_until(other, "ok");
        EXPECT_EQ(server_->world.pool.idle(), kOrigins);
        return both;
    }
    // Waits for a head at either, and makes that one the first.
    std::string first_of(std::unique_ptr<Plain>& first, std::unique_ptr<Plain>& second) {
        std::string got;
        until([&] {
            got = first->receive(0);
            if (got.empty() && !(got = second->receive(0)).empty()) std::swap(first, second);
            return !got.empty();
        });
        return got;
    }
    std::string receive_until(const Plain& from, std::string_view mark) {
        std::string got;
        until([&] {
            got += from.receive(0);
            return got.find(mark) != std::string::npos;
        });
        return got;
    }
    // Sends until what stands in the pipe cannot go on, because nobody reads behind it.
    void stuff(const Plain& sender) {
        const std::string piece(64 * 1024, 'x');
        int full = 0;
        for (int i = 0; i < 4000 && full < 5; ++i) {
            const ssize_t sent =
                ::send(sender.fd(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            full = sent < 0 ? full + 1 : 0;
            server_->world.turn();
        }
        ASSERT_EQ(pipes(), 1u) << "it is held in a pipe";
    }
    // Into an answer that the client has stopped to read.
    void stuff_answer() {
        client_->send(kGet);
        origin_ = origin();
        receive_until(*origin_, "\r\n\r\n");
        origin_->send(kLongAnswer);
        stuff(*origin_);
    }
    // Into an upload that the endpoint has stopped to read.
    void stuff_upload() {
        client_->send(kLongUpload);
        origin_ = origin();
        receive_until(*origin_, "\r\n\r\n");
        stuff(*client_);
    }
    void expect_over(Reason reason) {
        EXPECT_TRUE(until([&] { return server_->connections.open() == 0; }));
        EXPECT_EQ(server_->world.ended(reason), 1u);
        EXPECT_EQ(pipes(), 0u);
        EXPECT_EQ(server_->world.pipes.idle(), 0u) << "one with bytes in it is not kept";
        EXPECT_EQ(server_->world.blocks.held(), 0u);
        EXPECT_EQ(server_->world.pool.open(), 0u);
    }

    Server* server_ = nullptr;
    std::unique_ptr<Plain> client_;
    std::unique_ptr<Plain> origin_;
};

// --- the pipe comes back

TEST_F(LongBodiesTest, WhenTheClientGoes) {
    stuff_answer();
    client_->reset();
    expect_over(Reason::client_gone);
}

TEST_F(LongBodiesTest, WhenTheClientReadsTooSlowly) {
    stuff_answer();
    server_->world.pass(1'020);
    EXPECT_EQ(server_->connections.open(), 1u);
    server_->world.pass(limits::kPaceWindowMs + 20);
    expect_over(Reason::client_too_slow);
}

// What stands in a pipe is memory like any other, and this exchange has no other.
TEST_F(LongBodiesTest, WhenItsMemoryIsNeeded) {
    stuff_answer();
    const size_t reset =
        reset_largest(server_->connections, server_->world.poller, [] { return false; });
    EXPECT_EQ(reset, 1u);
    expect_over(Reason::memory_reclaimed);
}

TEST_F(LongBodiesTest, WhenAnUploadingClientGoes) {
    stuff_upload();
    client_->reset();
    expect_over(Reason::client_gone);
}

TEST_F(LongBodiesTest, WhenAnUploadMeetsAnEndpointThatGoes) {
    stuff_upload();
    origin_->reset();
    const std::string got = receive_until(*client_, "}");
    EXPECT_TRUE(got.starts_with("HTTP/1.1 502")) << got;
    EXPECT_EQ(pipes(), 0u);
    client_->close();
    expect_over(Reason::upstream_reset);
}

TEST_F(LongBodiesTest, WhenAnUploadIsAnsweredEarly) {
    stuff_upload();
    origin_->send("HTTP/1.1 507 Full\r\ncontent-length: 2\r\n\r\nno");
    EXPECT_NE(receive_until(*client_, "no").find("connection: close"), std::string::npos);
    EXPECT_EQ(pipes(), 0u);
    client_->close();
    expect_over(Reason::ok);
}

// --- what has not moved may go elsewhere

// Its head has gone out and no byte of its body has come: the head is all there is to repeat. It
// goes out again at once, also on a connection that stands already.
TEST_F(LongBodiesTest, BeforeItsFirstByteAnUploadMayBeTriedElsewhere) {
    constexpr size_t kBytes = 100'000;
    auto [first, second] = two_warm_origins();
    client_->send("PUT / HTTP/1.1\r\nhost: models.example\r\ncontent-length: 100000\r\n\r\n");
    first_of(first, second);
    first->close();
    std::string got = receive_until(*second, "\r\n\r\n");
    ASSERT_TRUE(got.starts_with("PUT / HTTP/1.1\r\n")) << got;
    const size_t head = got.find("\r\n\r\n") + 4;
    const std::string body(kBytes, 'b');
    client_->send(body);
    until([&] {
        got += second->receive(0);
        return got.size() >= head + kBytes;
    });
    EXPECT_TRUE(got.substr(head) == body);
    second->send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    EXPECT_TRUE(receive_until(*client_, "ok").starts_with("HTTP/1.1 200"));
    EXPECT_EQ(pipes(), 0u);
    client_->close();
    EXPECT_TRUE(until([&] { return server_->connections.open() == 0; }));
}

TEST_F(LongBodiesTest, AfterItsFirstByteItMayNot) {
    client_->send("PUT / HTTP/1.1\r\nhost: models.example\r\ncontent-length: 100000\r\n\r\nx");
    auto first = origin();
    receive_until(*first, "\r\n\r\n");
    client_->send(std::string(50'000, 'b'));
    std::string got;
    until([&] {
        got += first->receive(0);
        return got.size() > 40'000;
    });
    first->close();
    EXPECT_TRUE(receive_until(*client_, "}").starts_with("HTTP/1.1 502"));
    client_->close();
    EXPECT_TRUE(until([&] { return server_->connections.open() == 0; }));
    EXPECT_EQ(pipes(), 0u);
}

}  // namespace
}  // namespace sluice::worker
