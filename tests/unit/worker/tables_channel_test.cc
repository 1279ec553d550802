// Deliveries: a table runs whole or not at all, answers name the generation, drain and end are
// heard.
#include "proxy/worker/tables_channel.h"

#include <gtest/gtest.h>

#include <fcntl.h>

#include "tests/unit/worker/world.h"

namespace sluice::worker {
namespace {

using testing::refusing_routes;
using testing::World;

class TablesChannelTest : public ::testing::Test {
protected:
    void SetUp() override {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
        for (const int end : ends) ASSERT_EQ(::fcntl(end, F_SETFL, O_NONBLOCK), 0);
        supervisor_ = table::Descriptor(ends[1]);
        channel_.start(ends[0]);
    }
    void TearDown() override {
        supervisor_ = {};
        EXPECT_TRUE(world_.until([&] { return channel_.closed(); }));
    }
    static table::Descriptor sealed(const tl::expected<table::Bytes, table::BuildError>& bytes) {
        EXPECT_TRUE(bytes);
        auto made = table::seal("test", *bytes);
        EXPECT_TRUE(made);
        return std::move(*made);
    }
    void publish(uint64_t generation, const std::vector<std::pair<table::Segment, int>>& segments) {
        table::Message message;
        message.kind = table::MessageKind::publish;
        message.generation = generation;
        std::vector<int> descriptors;
        for (const auto& [segment, fd] : segments) {
            message.segments |= static_cast<uint8_t>(1U << static_cast<unsigned>(segment));
            message.digests[static_cast<size_t>(segment)] = generation;
            descriptors.push_back(fd);
        }
        ASSERT_TRUE(table::send(supervisor_.get(), message, descriptors));
    }
    table::Message answer() {
        table::Message got;
        world_.until([&] {
            auto received = table::receive(supervisor_.get());
            if (!received || received->again) return false;
            got = received->message;
            return true;
        });
        return got;
    }
    Reason running_reason() {
        const exchange::Pin pin = world_.tables.pin();
        if (!pin) return Reason::table_absent;
        return static_cast<Reason>(pin->view.splits()[0].reason);
    }

    World world_;
    int drains_ = 0;
    table::Descriptor supervisor_;
    TablesChannel channel_{world_.services, world_.poller, world_.pool, 3, [this] { ++drains_; }};
};

TEST_F(TablesChannelTest, ATableRunsAndIsAnswered) {
    const auto routes = sealed(table::build_routes(refusing_routes(Reason::no_weight)));
    const auto endpoints = sealed(table::build_endpoints({}));
    publish(
        7, {{table::Segment::routes, routes.get()}, {table::Segment::endpoints, endpoints.get()}}
    );
    const table::Message told = answer();
    EXPECT_EQ(told.kind, table::MessageKind::running);
    EXPECT_EQ(told.generation, 7u);
    EXPECT_EQ(told.worker, 3u);
    EXPECT_TRUE(world_.tables.ready());
    EXPECT_EQ(running_reason(), Reason::no_weight);
}

TEST_F(TablesChannelTest, OneSegmentCanBeReplacedAlone) {
    const auto first = sealed(table::build_routes(refusing_routes(Reason::no_weight)));
    publish(1, {{table::Segment::routes, first.get()}});
    answer();
    const auto second = sealed(table::build_routes(refusing_routes(Reason::backend_not_found)));
    publish(2, {{table::Segment::routes, second.get()}});
    EXPECT_EQ(answer().generation, 2u);
    EXPECT_EQ(running_reason(), Reason::backend_not_found);
    EXPECT_EQ(world_.tables.mapped(), 1u);
}

TEST_F(TablesChannelTest, ADeliveryRunsWholeOrNotAtAll) {
    const auto first = sealed(table::build_routes(refusing_routes(Reason::no_weight)));
    publish(1, {{table::Segment::routes, first.get()}});
    answer();
    const auto second = sealed(table::build_routes(refusing_routes(Reason::backend_not_found)));
    // The second segment is of the wrong kind.
    publish(2, {{table::Segment::routes, second.get()}, {table::Segment::endpoints, first.get()}});
    const table::Message told = answer();
    EXPECT_EQ(told.kind, table::MessageKind::refused);
    EXPECT_NE(told.reason, Reason::ok);
    EXPECT_EQ(running_reason(), Reason::no_weight) << "the last good table goes on";
}

TEST_F(TablesChannelTest, DrainIsHeard) {
    table::Message message;
    message.kind = table::MessageKind::drain;
    ASSERT_TRUE(table::send(supervisor_.get(), message));
    EXPECT_TRUE(world_.until([&] { return drains_ == 1; }));
    EXPECT_FALSE(channel_.closed());
}

}  // namespace
}  // namespace sluice::worker
