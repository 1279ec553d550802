// What goes over the wire: which segments, which numbers, one at a time, the newest next.
#include <filesystem>

#include <sys/mman.h>
#include <unistd.h>

#include "table/limits.h"
#include "tests/unit/publish/scripted.h"

namespace sluice::publish {
namespace {

using Kind = Event::Kind;

class Handover : public Scripted {};

TEST_F(Handover, SendsAllToAnEmptyProxy) {
    connect(0, "", "");
    offer("routes", "endpoints");
    expect_events(step(), {{Kind::connected, 0}});
    const auto published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.kind, MessageKind::publish);
    EXPECT_EQ(published->message.generation, 1U);
    EXPECT_EQ(published->message.segments, 0b011);
    EXPECT_EQ(published->message.digests, digests_of("routes", "endpoints"));
    EXPECT_EQ(published->texts, (std::vector<std::string>{"routes", "endpoints"}));
    say_running(1);
    expect_events(step(), {{Kind::running, 1}});
    EXPECT_FALSE(take());
}

TEST_F(Handover, SlotsInTheHelloAreNoneOfItsBusiness) {
    listen();
    offer("routes", "endpoints");
    step();
    accept();
    table::Digests digests = digests_of("routes", "endpoints");
    digests[static_cast<size_t>(table::Segment::rule_slots)] = 7;
    digests[static_cast<size_t>(table::Segment::endpoint_slots)] = 8;
    say_hello(3, digests);
    say_running(3);
    const auto events = step();
    EXPECT_FALSE(take()) << "the proxy has this table";
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().kind, Kind::running);
    EXPECT_EQ(events.back().digests, digests_of("routes", "endpoints"));
}

TEST_F(Handover, CountsTheBytesThatItHandsOver) {
    connect(0, "", "");
    offer("routes", "endpoints");
    step();
    take();
    say_running(1);
    step();
    EXPECT_EQ(publisher_.bytes_sent()[0], 6U);
    EXPECT_EQ(publisher_.bytes_sent()[1], 9U);
    publisher_.offer_endpoints(bytes_of("other endpoints"));
    step();
    take();
    EXPECT_EQ(publisher_.bytes_sent()[0], 6U) << "the routes stayed";
    EXPECT_EQ(publisher_.bytes_sent()[1], 24U);
}

TEST_F(Handover, SendsNothingBeforeThereIsAnOffer) {
    connect(0, "", "");
    expect_events(step(), {{Kind::connected, 0}});
    expect_events(step(), {});
    EXPECT_FALSE(take());
    EXPECT_TRUE(publisher_.offer_endpoints(bytes_of("endpoints alone are no table")));
    expect_events(step(), {});
    EXPECT_FALSE(take());
    EXPECT_EQ(publisher_.due(), std::nullopt);
}

TEST_F(Handover, SendsNothingBeforeHello) {
    listen();
    offer("routes", "endpoints");
    step();
    accept();
    expect_events(step(), {});
    EXPECT_FALSE(take());
    EXPECT_FALSE(publisher_.connected());
}

TEST_F(Handover, GoesOnFromTheGenerationOfHello) {
    connect(41, "", "");
    offer("routes", "endpoints");
    step();
    EXPECT_EQ(take()->message.generation, 42U);
}

TEST_F(Handover, EqualDigestsAreSilence) {
    connect(7, "routes", "endpoints");
    offer("routes", "endpoints");
    expect_events(step(), {{Kind::connected, 7}});
    EXPECT_FALSE(take());
    say_running(6);  // 7 was refused to the controller before
    expect_events(step(), {{Kind::running, 6}});
    offer("routes", "endpoints");
    expect_events(step(), {{Kind::running, 6}});
    EXPECT_FALSE(take());
}

TEST_F(Handover, OnlyWhatTheProxyDoesNotHoldIsSent) {
    connect(7, "routes", "endpoints");
    offer("routes", "new endpoints");
    step();
    auto published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.segments, 0b010);
    EXPECT_EQ(published->message.digests, digests_of("routes", "new endpoints"));
    EXPECT_EQ(published->texts, std::vector<std::string>{"new endpoints"});
    say_running(8);
    step();
    offer("new routes", "new endpoints");
    step();
    published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.segments, 0b001);
    EXPECT_EQ(published->texts, std::vector<std::string>{"new routes"});
}

TEST_F(Handover, EndpointsAloneKeepTheRoutes) {
    connect(0, "", "");
    offer("routes", "endpoints");
    step();
    take();
    say_running(1);
    step();
    publisher_.offer_endpoints(bytes_of("new endpoints"));
    step();
    const auto published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.generation, 2U);
    EXPECT_EQ(published->message.digests, digests_of("routes", "new endpoints"));
    EXPECT_EQ(published->texts, std::vector<std::string>{"new endpoints"});
}

TEST_F(Handover, OneIsInFlightAndTheNewestGoesNext) {
    connect(0, "", "");
    offer("routes 1", "e");
    step();
    ASSERT_TRUE(take());
    for (const char* routes : {"routes 2", "routes 3", "routes 4"}) {
        offer(routes, "e");
        expect_events(step(), {});
    }
    EXPECT_FALSE(take()) << "one in flight";
    EXPECT_EQ(publisher_.due(), std::nullopt) << "only the answer can move it on";
    say_running(1);
    expect_events(step(), {{Kind::running, 1}});
    const auto published = take();
    ASSERT_TRUE(published);
    EXPECT_EQ(published->message.generation, 2U);
    EXPECT_EQ(published->texts, std::vector<std::string>{"routes 4"});
    say_running(2);
    step();
    EXPECT_FALSE(take());
}

TEST_F(Handover, AnOfferThatWentBackIsNotSent) {
    connect(0, "", "");
    offer("routes 1", "e");
    step();
    take();
    offer("routes 2", "e");
    offer("routes 1", "e");
    say_running(1);
    expect_events(step(), {{Kind::running, 1}, {Kind::running, 1}});
    EXPECT_FALSE(take());
}

TEST_F(Handover, ARefusalIsToldAndTheNextGoesOn) {
    connect(0, "", "");
    offer("bad", "e");
    step();
    take();
    say_refused(1, Reason::table_corrupt, "routes: node 7");
    const auto events = step();
    expect_events(events, {{Kind::refused, 1}});
    EXPECT_EQ(events[0].reason, Reason::table_corrupt);
    EXPECT_EQ(events[0].message, "routes: node 7");
    EXPECT_FALSE(take()) << "the same bytes would be refused again";
    expect_events(step(), {});
    offer("good", "e");
    step();
    EXPECT_EQ(take()->message.generation, 2U);
}

TEST_F(Handover, WhatNoStewardCouldVerifyIsSentAgainAfterPausesThatDouble) {
    connect(0, "", "");
    offer("routes", "e");
    step();
    ASSERT_TRUE(take());
    uint64_t generation = 1;
    for (const int64_t pause_ms : {1'000, 2'000, 4'000, 8'000, 16'000, 30'000, 30'000}) {
        say_refused(generation, Reason::steward_died, "no steward runs");
        expect_events(step(), {{Kind::refused, generation}});
        ASSERT_EQ(publisher_.due(), now_ + pause_ms * kMs);
        now_ += pause_ms * kMs - 1;
        step();
        ASSERT_FALSE(take()) << "not before its time";
        ++now_;
        step();
        const auto published = take();
        ASSERT_TRUE(published);
        EXPECT_EQ(published->message.generation, ++generation);
        EXPECT_EQ(published->texts, (std::vector<std::string>{"routes", "e"}));
    }
    say_running(generation);
    expect_events(step(), {{Kind::running, generation}});
    EXPECT_EQ(publisher_.due(), std::nullopt);
    offer("other routes", "e");
    step();
    say_refused(generation + 1, Reason::steward_died, "no steward runs");
    step();
    EXPECT_EQ(publisher_.due(), now_ + 1'000 * kMs) << "running begins the pauses anew";
}

TEST_F(Handover, ANewOfferDoesNotWaitForTheRetryOfTheOld) {
    connect(0, "", "");
    offer("routes", "e");
    step();
    take();
    say_refused(1, Reason::steward_died, "");
    step();
    offer("new routes", "e");
    EXPECT_EQ(publisher_.due(), 0);
    step();
    EXPECT_EQ(take()->texts.at(0), "new routes");
    say_running(2);
    step();
    EXPECT_EQ(publisher_.due(), std::nullopt) << "what it replaced is not sent any more";
}

TEST_F(Handover, AfterARefusalTheWholeTableIsSent) {
    // Perhaps we were wrong about what the proxy holds.
    connect(3, "routes", "e");
    offer("routes", "bad");
    step();
    EXPECT_EQ(take()->message.segments, 0b010);
    say_refused(4, Reason::table_bad_reference, "routes: not sent, and not what runs");
    step();
    offer("routes", "good");
    step();
    EXPECT_EQ(take()->message.segments, 0b011);
    say_running(5);
    step();
    offer("routes", "better");
    step();
    EXPECT_EQ(take()->message.segments, 0b010) << "known again";
}

TEST_F(Handover, BackToWhatRunsAfterARefusal) {
    connect(3, "routes", "e");
    say_running(3);
    offer("bad", "e");
    step();
    take();
    say_refused(4, Reason::table_corrupt, "");
    step();
    offer("routes", "e");
    expect_events(step(), {{Kind::running, 3}});
    EXPECT_FALSE(take());
}

TEST_F(Handover, LateLetsTheNextOneGo) {
    connect(0, "", "");
    offer("routes 1", "e");
    step();
    take();
    offer("routes 2", "e");
    say_late(1, 3);
    const auto events = step();
    expect_events(events, {{Kind::late, 1}});
    EXPECT_EQ(events[0].worker, 3);
    const auto published = take();
    ASSERT_TRUE(published) << "a stuck worker must not stop the rest";
    EXPECT_EQ(published->message.generation, 2U);
    EXPECT_EQ(published->message.segments, 0b001) << "what is late is held all the same";
}

TEST_F(Handover, LateMayBeFollowedByRunning) {
    connect(0, "", "");
    offer("routes", "e");
    step();
    take();
    say_late(1, 0);
    step();
    offer("routes", "e");
    expect_events(step(), {});  // not sent again, and not running yet
    EXPECT_FALSE(take());
    say_running(1);
    expect_events(step(), {{Kind::running, 1}});
}

TEST_F(Handover, AnAnswerForAnotherGenerationEndsNoFlight) {
    connect(5, "", "");
    offer("routes", "e");
    step();
    take();
    say_running(5);
    say_refused(4, Reason::internal, "");
    expect_events(step(), {{Kind::running, 5}, {Kind::refused, 4}});
    offer("other routes", "e");
    step();
    EXPECT_FALSE(take()) << "6 is still in flight";
    say_running(6);
    step();
    EXPECT_EQ(take()->message.generation, 7U);
}

TEST_F(Handover, RunningAndLateSayWhatTheProxyKeeps) {
    connect(5, "old routes", "e");
    offer("routes 6", "e");
    say_running(5);  // what it ran when we came: not what was offered
    auto events = step();
    expect_events(events, {{Kind::connected, 5}, {Kind::running, 5}});
    EXPECT_EQ(events[1].digests, digests_of("old routes", "e"));
    offer("routes 7", "e");
    say_running(6);
    EXPECT_EQ(step().at(0).digests, digests_of("routes 6", "e")) << "7 waits";
    say_late(7, 0);
    EXPECT_EQ(step().at(0).digests, digests_of("routes 7", "e"));
    say_running(7);
    EXPECT_EQ(step().at(0).digests, digests_of("routes 7", "e"));
    offer("routes 7", "e");  // equal: not sent, and told all the same
    EXPECT_EQ(step().at(0).digests, digests_of("routes 7", "e"));
}

TEST_F(Handover, TooLargeIsRefusedHereAndTheFormerOfferStays) {
    connect(0, "", "");
    offer("routes", "e");
    step();
    take();
    say_running(1);
    step();
    // Pages that exist only as addresses: the limit is one hole of zeros long.
    const table::Descriptor hole(::memfd_create("hole", 0));
    ASSERT_TRUE(hole);
    const size_t size = limits::kSegmentBytes + 1;
    ASSERT_EQ(::ftruncate(hole.get(), static_cast<off_t>(size)), 0);
    void* const zeros =
        ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, hole.get(), 0);
    ASSERT_NE(zeros, MAP_FAILED);
    const std::span huge(static_cast<const std::byte*>(zeros), size);
    EXPECT_FALSE(publisher_.offer(huge, bytes_of("new e")));
    EXPECT_FALSE(publisher_.offer_endpoints(huge));
    ::munmap(zeros, size);
    EXPECT_EQ(publisher_.due(), 0);
    const auto events = step();
    expect_events(events, {{Kind::refused, 0}, {Kind::refused, 0}});
    EXPECT_EQ(events[0].reason, Reason::table_too_large);
    EXPECT_FALSE(take()) << "routes and endpoints were made for each other";
}

TEST_F(Handover, KeepsNoDescriptorOfWhatItForgot) {
    connect(0, "", "");
    step();
    const auto open = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    offer("routes", "e");
    step();
    take();
    say_running(1);
    step();
    const auto before = open();
    for (uint64_t round = 2; round < 20; ++round) {
        offer("routes " + std::to_string(round), "e" + std::to_string(round));
        step();
        ASSERT_TRUE(take());
        say_running(round);
        step();
    }
    EXPECT_EQ(open(), before);
}

}  // namespace
}  // namespace sluice::publish
