// Deliveries: a table runs whole or not at all, answers name the generation, orders and the
// end are heard.
#include "proxy/worker/tables_channel.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>

#include "table/binding.h"
#include "table/channel.h"
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
    struct Segment {
        table::Segment segment;
        std::vector<std::byte> bytes;
        uint64_t digest;
    };
    static table::Bytes bytes_of(const table::RoutesSpec& spec) {
        return *table::build_routes(spec);
    }
    // A segment and the slots that go with it.
    static std::vector<Segment> routes(Reason reason) {
        const table::Bytes bytes = bytes_of(refusing_routes(reason));
        const auto view = table::RoutesView::attach(bytes);
        const uint64_t digest = table::digest(bytes);
        return {
            {table::Segment::routes, bytes, digest},
            {table::Segment::rule_slots,
             table::binding_bytes(digest, table::testing::counted_slots(*view)),
             1},
        };
    }
    static std::vector<Segment> endpoints() {
        const table::Bytes bytes = *table::build_endpoints({});
        const uint64_t digest = table::digest(bytes);
        return {
            {table::Segment::endpoints, bytes, digest},
            {table::Segment::endpoint_slots, table::binding_bytes(digest, {}), 1},
        };
    }
    static std::vector<Segment> both(std::vector<Segment> a, std::vector<Segment> b) {
        return {a[0], b[0], a[1], b[1]};
    }
    void publish(uint64_t generation, const std::vector<Segment>& segments) {
        table::Message message;
        message.kind = table::MessageKind::publish;
        message.generation = generation;
        std::vector<table::Descriptor> sealed;
        std::vector<int> descriptors;
        for (const Segment& segment : segments) {
            message.segments |= table::bit_of(segment.segment);
            message.digests[static_cast<size_t>(segment.segment)] = segment.digest;
            auto made = table::seal("test", segment.bytes);
            ASSERT_TRUE(made);
            sealed.push_back(std::move(*made));
            descriptors.push_back(sealed.back().get());
        }
        ASSERT_TRUE(table::send(supervisor_.get(), message, descriptors));
    }
    void order(table::MessageKind kind, uint16_t worker = 0) {
        table::Message message;
        message.kind = kind;
        message.worker = worker;
        ASSERT_TRUE(table::send(supervisor_.get(), message));
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
        Holder holder;
        holder.pin.take(world_.tables);
        if (!holder.pin) return Reason::table_absent;
        return static_cast<Reason>(holder.pin->view.splits()[0].reason);
    }
    struct Holder final : exchange::PinOwner {
        void let_go() override { pin.release(); }
        exchange::Pin pin{*this};
    };
    struct Heard final : Orders {
        void drain() override { said.emplace_back("drain"); }
        void adopt(uint32_t worker) override { said.push_back("adopt " + std::to_string(worker)); }
        void release(uint32_t worker) override {
            said.push_back("release " + std::to_string(worker));
        }
        std::vector<std::string> said;
    };

    World world_;
    Heard heard_;
    table::Descriptor supervisor_;
    TablesChannel channel_{
        world_.services, world_.poller, world_.pool, world_.live.mapping.worker(0), 3, heard_
    };
};

TEST_F(TablesChannelTest, ATableRunsAndIsAnswered) {
    publish(7, both(routes(Reason::no_weight), endpoints()));
    const table::Message told = answer();
    EXPECT_EQ(told.kind, table::MessageKind::running) << reason_text(told.reason);
    EXPECT_EQ(told.generation, 7u);
    EXPECT_EQ(told.worker, 3u);
    EXPECT_TRUE(world_.tables.ready());
    EXPECT_EQ(running_reason(), Reason::no_weight);
    EXPECT_EQ(world_.live.mapping.worker(0).generation.load(), 7u);
}

// All are clients' and endpoints': a table comes with four, and goes by them all the same.
TEST_F(TablesChannelTest, ATableIsTakenWithNoDescriptorLeft) {
    for (const uint64_t generation : {1u, 2u}) {
        publish(generation, both(routes(Reason::no_weight), endpoints()));
        rlimit before{};
        ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
        const int next = ::dup(0);
        ::close(next);
        const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
        const table::Message told = answer();
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
        EXPECT_EQ(told.kind, table::MessageKind::running);
        EXPECT_EQ(told.generation, generation);
        EXPECT_FALSE(channel_.closed());
    }
}

TEST_F(TablesChannelTest, OneSegmentCanBeReplacedAlone) {
    publish(1, routes(Reason::no_weight));
    answer();
    publish(2, routes(Reason::backend_not_found));
    EXPECT_EQ(answer().generation, 2u);
    EXPECT_EQ(running_reason(), Reason::backend_not_found);
    EXPECT_EQ(world_.tables.mapped(), 1u);
}

TEST_F(TablesChannelTest, ADeliveryRunsWholeOrNotAtAll) {
    publish(1, routes(Reason::no_weight));
    answer();
    auto wrong = endpoints();
    wrong[0].bytes = bytes_of(refusing_routes(Reason::no_weight));
    publish(2, both(routes(Reason::backend_not_found), wrong));
    const table::Message told = answer();
    EXPECT_EQ(told.kind, table::MessageKind::refused);
    EXPECT_NE(told.reason, Reason::ok);
    EXPECT_EQ(running_reason(), Reason::no_weight) << "the last good table goes on";
    EXPECT_EQ(world_.live.mapping.worker(0).generation.load(), 1u);
}

TEST_F(TablesChannelTest, ASegmentWithoutItsSlotsIsRefused) {
    publish(1, {routes(Reason::no_weight)[0]});
    EXPECT_EQ(answer().reason, Reason::message_malformed);
    publish(2, {endpoints()[1]});
    EXPECT_EQ(answer().reason, Reason::message_malformed);
}

TEST_F(TablesChannelTest, SlotsOfAnotherSegmentAreRefused) {
    auto foreign = routes(Reason::no_weight);
    foreign[0] = routes(Reason::backend_not_found)[0];
    publish(1, foreign);
    EXPECT_EQ(answer().reason, Reason::table_bad_reference);
    EXPECT_EQ(running_reason(), Reason::table_absent);
}

TEST_F(TablesChannelTest, OrdersAreHeard) {
    order(table::MessageKind::adopt, 5);
    order(table::MessageKind::release, 5);
    order(table::MessageKind::drain);
    const std::vector<std::string> said{"adopt 5", "release 5", "drain"};
    EXPECT_TRUE(world_.until([&] { return heard_.said == said; }));
    EXPECT_FALSE(channel_.closed());
}

}  // namespace
}  // namespace sluice::worker
