// Bench answers: what a path asks for, and events that say when they left.
#include "modelsim/bench.h"

#include <gtest/gtest.h>
#include <string>

#include "modelsim/event.h"

namespace sluice::modelsim {
namespace {

using Kind = BenchOrder::Kind;
using State = Answer::Progress::State;

TEST(BenchOrder, IsReadOffTheEndOfThePath) {
    EXPECT_EQ(bench_order("/bench/x").kind, Kind::small);
    EXPECT_EQ(bench_order("/bench/p07/anything").kind, Kind::small);
    EXPECT_EQ(bench_order("/bench/p07/echo-size").kind, Kind::echo_size);
    const BenchOrder bytes = bench_order("/bench/p07/bytes/65536");
    EXPECT_EQ(bytes.kind, Kind::bytes);
    EXPECT_EQ(bytes.count, 65536u);
    const BenchOrder events = bench_order("/bench/p07/events/40/5");
    EXPECT_EQ(events.kind, Kind::events);
    EXPECT_EQ(events.per_second, 40u);
    EXPECT_EQ(events.count, 5u);
}

TEST(BenchOrder, RefusesWhatIsNoNumberOrTooLarge) {
    for (const char* path :
         {"/bench/bytes/",
          "/bench/bytes/x",
          "/bench/bytes/1x",
          "/bench/bytes/-1",
          "/bench/bytes/99999999999999",
          "/bench/events/0/5",
          "/bench/events/x/5",
          "/bench/events/40/x",
          "/bench/events/1000001/5"}) {
        EXPECT_EQ(bench_order(path).kind, Kind::bad) << path;
    }
}

TEST(BenchEvent, HasOneSizeAndComesBack) {
    for (const uint64_t number : {uint64_t{0}, uint64_t{12'345'678}}) {
        std::string text;
        append_bench_event(text, {987'654'321'000, number});
        EXPECT_EQ(text.size(), kEventBytes);
        std::string_view rest = text;
        const auto event = take_bench_event(rest);
        ASSERT_TRUE(event);
        EXPECT_EQ(event->sent_ns, 987'654'321'000);
        EXPECT_EQ(event->number, number);
        EXPECT_TRUE(rest.empty());
    }
}

TEST(BenchEvent, IsFoundBetweenChunkLinesAndAcrossReads) {
    std::string text = "78\r\n";
    append_bench_event(text, {1, 7});
    text += "\r\n78\r\n";
    append_bench_event(text, {2, 8});
    text += "\r\n";
    for (size_t cut = 0; cut <= text.size(); ++cut) {
        std::string held = text.substr(0, cut);
        std::string_view rest = held;
        std::string numbers;
        while (const auto event = take_bench_event(rest)) numbers += std::to_string(event->number);
        held = std::string(rest) + text.substr(cut);
        rest = held;
        while (const auto event = take_bench_event(rest)) numbers += std::to_string(event->number);
        EXPECT_EQ(numbers, "78") << "cut at " << cut;
    }
}

Request request_for(const std::string& head) {
    Request request;
    EXPECT_TRUE(parse_head(head, request));
    return request;
}

TEST(EventsAnswer, SendsOneEventAtATimeWhenItIsDue) {
    const std::string head = "GET /bench/events/40/2 HTTP/1.1\r\nHost: a\r\n\r\n";
    const Request request = request_for(head);
    EventsAnswer answer(request, "pod", bench_order(request.path), 0);
    std::string out;
    EXPECT_EQ(answer.produce(out, 1000).state, State::more);
    EXPECT_NE(out.find("transfer-encoding: chunked\r\n\r\n"), std::string::npos);
    out.clear();
    EXPECT_EQ(answer.produce(out, 1000).state, State::more);
    EXPECT_EQ(out.size(), kEventBytes + 6);  // "78\r\n" before, "\r\n" behind
    out.clear();
    const auto waits = answer.produce(out, 1000);
    EXPECT_EQ(waits.state, State::wait);
    EXPECT_EQ(waits.wake_at_ns, 1000 + 25'000'000);
    EXPECT_EQ(answer.produce(out, waits.wake_at_ns).state, State::done);
    EXPECT_TRUE(out.ends_with("\r\n0\r\n\r\n"));
}

TEST(EventsAnswer, StreamsThatBeginTogetherAreSpreadOverAStep) {
    const std::string head = "GET /bench/events/40/0 HTTP/1.1\r\nHost: a\r\n\r\n";
    const Request request = request_for(head);
    constexpr int kStreams = 8;
    constexpr int64_t kStepNs = 25'000'000;
    bool taken[kStreams] = {};
    for (uint32_t stream = 0; stream < kStreams; ++stream) {
        EventsAnswer answer(request, "pod", bench_order(request.path), stream);
        std::string out;
        answer.produce(out, 1);
        const auto first = answer.produce(out, 0);
        ASSERT_EQ(first.state, State::wait);
        ASSERT_LE(first.wake_at_ns, 1 + kStepNs);
        taken[(first.wake_at_ns - 1) * kStreams / kStepNs] = true;
    }
    int used = 0;
    for (const bool one : taken) used += one;
    EXPECT_GE(used, kStreams - 2);
}

TEST(EventsAnswer, AHeadRequestGetsAHeadOnly) {
    const std::string head = "HEAD /bench/events/40/0 HTTP/1.1\r\nHost: a\r\n\r\n";
    const Request request = request_for(head);
    EventsAnswer answer(request, "pod", bench_order(request.path), 0);
    std::string out;
    EXPECT_EQ(answer.produce(out, 1).state, State::done);
    EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace sluice::modelsim
