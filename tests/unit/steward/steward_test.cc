// The steward's loop over a real channel, in a process of its own.
#include "proxy/steward/steward.h"

#include <csignal>
#include <gtest/gtest.h>
#include <poll.h>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/live/mapping.h"
#include "tests/unit/steward/tables.h"

namespace sluice::steward {
namespace {

using table::Message;
using table::MessageKind;
using table::Segment;

class Loop : public testing::Test {
protected:
    void SetUp() override {
        auto ends = table::pair();
        ASSERT_TRUE(ends);
        const live::Sizes sizes{1, 64, 64, 16, 16, 16, 1 << 16};
        int live = -1;
        ASSERT_TRUE(live::Mapping::create(sizes, live));
        live_ = table::Descriptor(live);
        wake_ = table::Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        child_ = ::fork();
        if (child_ == 0) {
            (*ends)[0] = table::Descriptor();
            ::alarm(60);  // a test that fails leaves nobody behind
            Settings settings;
            settings.channel = (*ends)[1].get();
            settings.live = live_.get();
            settings.log_wake = wake_.get();
            settings.log.sink = "off";
            ::_exit(run(settings));
        }
        channel_ = std::move((*ends)[0]);
        EXPECT_EQ(next().kind, MessageKind::heartbeat) << "it has found no copy and is ready";
    }
    void TearDown() override {
        channel_ = table::Descriptor();
        if (child_ > 0) exit_code();
    }
    int exit_code() {
        int status = 0;
        ::waitpid(child_, &status, 0);
        child_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }
    void send(const Publish& publish) {
        std::vector<int> descriptors;
        for (const table::Descriptor& memory : publish.descriptors)
            descriptors.push_back(memory.get());
        ASSERT_TRUE(table::send(channel_.get(), publish.message, descriptors));
    }
    Message next() {
        pollfd readable{channel_.get(), POLLIN, 0};
        EXPECT_EQ(::poll(&readable, 1, 10'000), 1);
        auto received = table::receive(channel_.get());
        EXPECT_TRUE(received && !received->again && !received->closed);
        return received ? std::move(received->message) : Message();
    }

    table::Descriptor live_;
    table::Descriptor wake_;
    table::Descriptor channel_;
    pid_t child_ = -1;
};

Publish good(uint64_t generation) {
    Publish publish(generation);
    publish.with(Segment::routes, routes_bytes(routes_with({})));
    publish.with(Segment::endpoints, endpoints_bytes(8'000));
    return publish;
}

TEST_F(Loop, AnswersInOrder) {
    Publish bad = good(2);
    bad.message.digests[0] ^= 1;
    send(good(1));
    send(bad);
    send(good(3));
    const Message first = next();
    EXPECT_EQ(first.kind, MessageKind::running);
    EXPECT_EQ(first.generation, 1U);
    const Message second = next();
    EXPECT_EQ(second.kind, MessageKind::refused);
    EXPECT_EQ(second.generation, 2U);
    EXPECT_EQ(second.reason, Reason::table_corrupt);
    EXPECT_EQ(next().generation, 3U);
}

TEST_F(Loop, EndsWithItsChannel) {
    send(good(1));
    next();
    channel_ = table::Descriptor();
    EXPECT_EQ(exit_code(), 0);
}

TEST_F(Loop, EndsWhenItsSupervisorMakesNoSense) {
    ASSERT_EQ(::send(channel_.get(), "nonsense", 8, 0), 8);
    EXPECT_EQ(exit_code(), 1);
}

TEST_F(Loop, PassesOverWhatIsNotForIt) {
    Message drain;
    drain.kind = MessageKind::drain;
    ASSERT_TRUE(table::send(channel_.get(), drain));
    send(good(1));
    EXPECT_EQ(next().generation, 1U);
}

}  // namespace
}  // namespace sluice::steward
