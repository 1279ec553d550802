// Loop, places, faults and counters on their own, without sockets.
#include <gtest/gtest.h>
#include <vector>

#include "modelsim/answer.h"
#include "modelsim/faults.h"
#include "modelsim/loop.h"
#include "modelsim/metrics.h"
#include "modelsim/slots.h"
#include "modelsim/words.h"

namespace sluice::modelsim {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

class Note final : public Timed {
public:
    Note(Loop& loop, std::vector<int>& log, int name) : loop_(loop), log_(log), name_(name) {}
    void on_time() override {
        log_.push_back(name_);
        if (name_ == 0) loop_.stop();
    }

private:
    Loop& loop_;
    std::vector<int>& log_;
    int name_;
};

TEST(Loop, FiresInOrderOfTimeWhateverTheOrderOfArming) {
    Loop loop;
    std::vector<int> log;
    Note a(loop, log, 1), b(loop, log, 2), c(loop, log, 3), never(loop, log, 9), last(loop, log, 0);
    const int64_t now = loop.now_ns();
    loop.arm(last, now + 8 * kNsPerMs);
    loop.arm(c, now + 1 * kNsPerMs);
    loop.arm(never, now + 2 * kNsPerMs);
    loop.arm(a, now + 3 * kNsPerMs);
    loop.arm(b, now - kNsPerSecond);  // the past: as soon as it runs
    loop.arm(c, now + 5 * kNsPerMs);  // replaces
    loop.disarm(never);
    loop.disarm(never);
    loop.run();
    EXPECT_EQ(log, (std::vector<int>{2, 1, 3, 0}));
}

TEST(Loop, HeapStaysAHeapUnderRandomArmingAndDisarming) {
    Loop loop;
    std::vector<int> log;
    std::vector<std::unique_ptr<Note>> notes;
    for (int i = 1; i <= 200; ++i) notes.push_back(std::make_unique<Note>(loop, log, i));
    for (uint64_t i = 0; i < 2000; ++i) {
        Note& note = *notes[scramble(i) % notes.size()];
        if (scramble(i + 7) % 3 == 0) {
            loop.disarm(note);
        } else {
            loop.arm(note, static_cast<int64_t>(scramble(i + 9) % 1000));
        }
    }
    for (int i = 0; i < 200; ++i)
        loop.arm(*notes[static_cast<size_t>(i)], loop.now_ns() + 1 + (200 - i) * 1000);
    Note last(loop, log, 0);
    loop.arm(last, loop.now_ns() + 5 * kNsPerMs);
    loop.run();
    ASSERT_EQ(log.size(), 201U);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(log[static_cast<size_t>(i)], 200 - i);
}

TEST(Slots, RunsSoManyQueuesSoManyRefusesTheRest) {
    Loop loop;
    std::vector<int> log;
    Note wake_b(loop, log, 2), wake_c(loop, log, 3), stop(loop, log, 0);
    Slots slots(loop, 1, 2);
    auto a = slots.enter(stop);
    auto b = slots.enter(wake_b);
    auto c = slots.enter(wake_c);
    EXPECT_TRUE(a->running());
    EXPECT_FALSE(b->running());
    EXPECT_EQ(slots.waiting(), 2U);
    EXPECT_EQ(slots.enter(stop), nullptr) << "the queue is full";

    b.reset();  // one that waits leaves: nobody is woken, a place in the queue is free
    EXPECT_EQ(slots.waiting(), 1U);
    a.reset();
    EXPECT_TRUE(c->running());
    EXPECT_EQ(slots.running(), 1U);
    loop.arm(stop, loop.now_ns() + kNsPerMs);
    loop.run();
    EXPECT_EQ(log, (std::vector<int>{3, 0}));
}

TEST(Faults, ReadsKindsArgumentsAndNothingElse) {
    EXPECT_EQ(parse_fault("error")->argument, 500U);
    EXPECT_EQ(parse_fault("error:503")->argument, 503U);
    EXPECT_EQ(parse_fault("stall")->kind, FaultKind::stall);
    EXPECT_EQ(parse_fault("reset-after:0")->argument, 0U);
    for (const char* const bad :
         {"",
          "nonsense",
          "error:",
          "error:200",
          "error:600",
          "slow:0",
          "slow:x",
          "slow:-1",
          "slow:99999999999",
          "stall:5s"}) {
        EXPECT_FALSE(parse_fault(bad)) << bad;
    }
    for (const char* const name :
         {"error",
          "reset-before",
          "reset-after",
          "stall",
          "stall-after",
          "hang-up",
          "garbage",
          "slow"}) {
        EXPECT_EQ(fault_name(parse_fault(name)->kind), name);
    }
}

TEST(Faults, APlanIsUsedUp) {
    FaultPlan plan;
    EXPECT_EQ(plan.take().kind, FaultKind::none);
    plan.set({FaultKind::stall, 0}, 2);
    EXPECT_EQ(plan.take().kind, FaultKind::stall);
    EXPECT_EQ(plan.left(), 1U);
    EXPECT_EQ(plan.take().kind, FaultKind::stall);
    EXPECT_EQ(plan.take().kind, FaultKind::none);
}

TEST(Valve, AfterCountsBytesOfTheBody) {
    Valve valve;
    valve.start({FaultKind::reset_after, 10}, 0);
    valve.set_head_bytes(100);
    EXPECT_EQ(valve.allowed(500, 0), 110U);
    valve.sent(110);
    EXPECT_EQ(valve.allowed(390, kNsPerSecond), 0U);
    EXPECT_TRUE(valve.cuts());
    EXPECT_EQ(valve.opens_at_ns(), Answer::kNever);
    valve.open();
    EXPECT_EQ(valve.allowed(390, 0), 390U);
}

TEST(Valve, SlowLetsOneByteGoAtOnceAndThenTheRate) {
    Valve valve;
    valve.start({FaultKind::slow, 2}, kNsPerSecond);
    EXPECT_EQ(valve.allowed(50, kNsPerSecond), 1U);
    valve.sent(1);
    EXPECT_EQ(valve.allowed(49, kNsPerSecond), 0U);
    const int64_t next = valve.opens_at_ns();
    EXPECT_EQ(valve.allowed(49, next), 1U);
    EXPECT_NEAR(static_cast<double>(next - kNsPerSecond), 0.5e9, 1e3);
    EXPECT_EQ(valve.allowed(49, 3 * kNsPerSecond), 4U);
}

TEST(Metrics, HistogramsAreCumulativeAndEndAtInfinity) {
    Histogram histogram;
    histogram.observe_ns(1 * kNsPerMs);        // on a bound: in it
    histogram.observe_ns(1 * kNsPerMs + 1);    // past it
    histogram.observe_ns(100 * kNsPerSecond);  // beyond all
    std::string out;
    histogram.append(out, "h", "a=\"b\"");
    EXPECT_NE(out.find("h_bucket{a=\"b\",le=\"0.001\"} 1\n"), std::string::npos);
    EXPECT_NE(out.find("h_bucket{a=\"b\",le=\"0.005\"} 2\n"), std::string::npos);
    EXPECT_NE(out.find("h_bucket{a=\"b\",le=\"40\"} 2\n"), std::string::npos);
    EXPECT_NE(out.find("h_bucket{a=\"b\",le=\"+Inf\"} 3\n"), std::string::npos);
    EXPECT_NE(out.find("h_count{a=\"b\"} 3\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::modelsim
