// One client connection of the server loop: a real socket towards the client, its upstreams from
// memory, and a loop that tests turn by hand.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>

#include <fcntl.h>

#include "proxy/exchange/server.h"
#include "proxy/net/poller.h"
#include "tests/unit/exchange/world.h"
#include "tests/unit/net/sockets.h"

namespace sluice::exchange::testing {

class ConnectionTest : public ::testing::Test, public ConnectionOwner {
protected:
    // Accepts a client whose kernel says that it comes from `peer`, and starts to serve it.
    void open(const net::Address& peer, uint16_t port, bool proxied = false) {
        client_ = std::make_unique<net::testing::Plain>(net::testing::connect_to(acceptor_));
        const int fd = acceptor_.accept();
        ASSERT_EQ(::fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        downstream_.begin(fd, peer, port, proxied);
        ASSERT_TRUE(poller_.add(downstream_.socket(), true));
        downstream_.socket().source.attach(downstream_.waiter(), net::kClientShift);
        serve(world_.services, downstream_, *this);
    }
    void TearDown() override {
        if (client_ == nullptr) return;
        client_->close();
        EXPECT_TRUE(until([&] { return over_; }));
    }
    bool admit(const net::Address& client) override {
        admitted_ = client;
        return admits_;
    }
    void over() override {
        over_ = true;
        poller_.close(downstream_.socket());
    }

    void turn() {
        poller_.wait(5);
        poller_.dispatch();
        world_.wheel.advance(world_.now);
        world_.turns.run();
    }
    bool until(const std::function<bool()>& done) {
        for (int i = 0; i < 400 && !done(); ++i) turn();
        return done();
    }
    // Everything the client gets until `end` stands in it.
    std::string receive_until(std::string_view end) {
        std::string got;
        until([&] {
            got += client_->receive(0);
            return got.find(end) != std::string::npos;
        });
        return got;
    }
    // All the client gets until the connection ends.
    std::string receive_all() {
        std::string got;
        until([&] {
            got += client_->receive(0);
            return over_;
        });
        for (std::string more = client_->receive(50); !more.empty(); more = client_->receive(50)) {
            got += more;
        }
        return got;
    }
    MemoryUpstream& stream(size_t index) {
        EXPECT_TRUE(until([&] { return world_.upstreams.streams.size() > index; }));
        return world_.stream(index);
    }

    net::testing::Acceptor acceptor_;
    net::Poller poller_;
    net::BlockPool blocks_;
    World world_;
    H1Downstream downstream_{blocks_};
    std::unique_ptr<net::testing::Plain> client_;
    bool over_ = false;
    bool admits_ = true;
    std::optional<net::Address> admitted_;  // who was named by a PROXY header
};

}  // namespace sluice::exchange::testing
