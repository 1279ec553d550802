// The connection: when it is tried, what ends it, and where it goes on.
#include <algorithm>

#include <sys/socket.h>

#include "tests/unit/publish/scripted.h"

namespace sluice::publish {
namespace {

using Kind = Event::Kind;

class Connection : public Scripted {};

TEST_F(Connection, IsTriedAtTheFirstStep) {
    EXPECT_LE(publisher_.due(), now_);
    listen();
    expect_events(step(), {});
    EXPECT_GE(publisher_.fd(), 0);
    accept();
    EXPECT_EQ(publisher_.due(), std::nullopt) << "only hello can move it on";
    say_hello(3, {});
    expect_events(step(), {{Kind::connected, 3}});
    EXPECT_TRUE(publisher_.connected());
}

TEST_F(Connection, IsTriedAgainAfterPausesThatDouble) {
    for (const int64_t pause_ms : {50, 100, 200, 400, 800, 1'000, 1'000}) {
        expect_events(step(), {});
        EXPECT_EQ(publisher_.fd(), -1);
        ASSERT_EQ(publisher_.due(), now_ + pause_ms * kMs);
        now_ += pause_ms * kMs - 1;
        step();
        ASSERT_EQ(publisher_.due(), now_ + 1) << "not before its time";
        ++now_;
    }
    listen();
    step();
    accept();
    say_hello(0, {});
    step();
    now_ += 5'000 * kMs;
    hang_up();
    const auto events = step();
    expect_events(events, {{Kind::disconnected, 0}});
    EXPECT_EQ(events[0].message, "");
    EXPECT_EQ(publisher_.due(), now_ + 50 * kMs) << "a long life begins the pauses anew";
}

TEST_F(Connection, ControllersThatPutEachOtherOutDoNotHurry) {
    listen();
    int64_t pause = 50 * kMs;
    for (int round = 0; round < 7; ++round) {
        step();
        accept();
        say_hello(0, {});
        step();
        now_ += 5'000 * kMs - 1;  // not quite settled
        hang_up();
        const auto events = step();
        expect_events(events, {{Kind::disconnected, 0}});
        EXPECT_NE(events[0].message.find("another controller"), std::string::npos);
        ASSERT_EQ(publisher_.due(), now_ + pause);
        now_ += pause;
        pause = std::min(2 * pause, 1'000 * kMs);
    }
}

TEST_F(Connection, ASupervisorThatNeverGreetsIsNotHammered) {
    listen();
    int64_t pause = 50 * kMs;
    for (int round = 0; round < 6; ++round) {
        step();
        accept();
        hang_up();
        expect_events(step(), {});
        ASSERT_EQ(publisher_.due(), now_ + pause);
        now_ += pause;
        pause = std::min(2 * pause, 1'000 * kMs);
    }
}

TEST_F(Connection, GoesOnFromTheNewHello) {
    connect(4, "", "");
    offer("routes", "e");
    step();
    EXPECT_EQ(take()->message.generation, 5U);
    say_running(5);
    step();
    hang_up();
    expect_events(step(), {{Kind::disconnected, 0}});
    EXPECT_FALSE(publisher_.connected());
    EXPECT_EQ(publisher_.fd(), -1);

    now_ = *publisher_.due();
    step();
    accept();
    say_hello(9, digests_of("routes", "e"));  // kept, and somebody else published
    expect_events(step(), {{Kind::connected, 9}});
    EXPECT_FALSE(take());
    offer("new routes", "e");
    step();
    const auto published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.generation, 10U);
    EXPECT_EQ(published->message.segments, 0b001);
}

TEST_F(Connection, ARestartedProxyGetsEverythingWithoutANewOffer) {
    connect(4, "", "");
    offer("routes", "e");
    step();
    take();
    say_running(5);
    step();
    hang_up();
    step();
    now_ = *publisher_.due();
    step();
    accept();
    say_hello(0, {});
    step();
    const auto published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.generation, 1U);
    EXPECT_EQ(published->texts, (std::vector<std::string>{"routes", "e"}));
}

TEST_F(Connection, WhatWasInFlightIsOfferedAgain) {
    connect(0, "", "");
    offer("routes", "e");
    step();
    ASSERT_TRUE(take());
    hang_up();  // before it answered
    expect_events(step(), {{Kind::disconnected, 0}});
    now_ = *publisher_.due();
    step();
    accept();
    say_hello(1, {});
    step();
    const auto published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.generation, 2U);
    EXPECT_EQ(published->texts, (std::vector<std::string>{"routes", "e"}));
}

TEST_F(Connection, OffersMadeMeanwhileAreNotLost) {
    offer("routes 1", "e");
    step();
    offer("routes 2", "e");
    now_ = *publisher_.due();
    listen();
    step();
    accept();
    say_hello(0, {});
    step();
    EXPECT_EQ(take()->texts[0], "routes 2");
    EXPECT_FALSE(take());
}

TEST_F(Connection, AForeignSchemaIsRefusedWithARemedy) {
    listen();
    offer("routes", "e");
    step();
    accept();
    Message hello = table::hello("9.9.9", 4, {});
    hello.schema ^= 1;
    say(hello);
    const auto events = step();
    expect_events(events, {{Kind::refused, 0}});
    EXPECT_EQ(events[0].reason, Reason::table_foreign_schema);
    EXPECT_NE(events[0].message.find("9.9.9"), std::string::npos);
    EXPECT_NE(events[0].message.find("one image"), std::string::npos);
    EXPECT_EQ(publisher_.due(), now_ + 50 * kMs) << "the proxy may be replaced by the right one";
    EXPECT_TRUE(publisher_left());
}

TEST_F(Connection, AStaleNumberIsLearntAnew) {
    connect(0, "", "");
    offer("routes", "e");
    step();
    take();
    say_refused(1, Reason::generation_stale, "5 was taken already");
    expect_events(step(), {{Kind::refused, 1}, {Kind::disconnected, 0}});
    now_ = *publisher_.due();
    step();
    accept();
    say_hello(5, {});
    step();
    EXPECT_EQ(take()->message.generation, 6U);
}

TEST_F(Connection, EndsWhenSomethingElseComesBeforeHello) {
    listen();
    step();
    accept();
    say_running(1);
    expect_events(step(), {});
    EXPECT_TRUE(publisher_left());
}

TEST_F(Connection, EndsOnASecondHello) {
    connect(0, "", "");
    say_hello(0, {});
    expect_events(step(), {{Kind::connected, 0}, {Kind::disconnected, 0}});
    EXPECT_TRUE(publisher_left());
}

TEST_F(Connection, EndsOnWhatASupervisorNeverSays) {
    connect(0, "", "");
    step();
    Message drain;
    drain.kind = MessageKind::drain;
    say(drain);
    expect_events(step(), {{Kind::disconnected, 0}});
    EXPECT_TRUE(publisher_left());
}

TEST_F(Connection, EndsOnMalformedBytes) {
    connect(0, "", "");
    step();
    ASSERT_EQ(::send(peer_.get(), "nonsense", 8, 0), 8);
    expect_events(step(), {{Kind::disconnected, 0}});
    EXPECT_TRUE(publisher_left());
}

TEST_F(Connection, HeartbeatsChangeNothing) {
    connect(0, "", "");
    Message beat;
    beat.kind = MessageKind::heartbeat;
    step();
    say(beat);
    expect_events(step(), {});
    EXPECT_TRUE(publisher_.connected());
}

}  // namespace
}  // namespace sluice::publish
