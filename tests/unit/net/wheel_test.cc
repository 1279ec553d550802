// The wheel fires at the time, not before, at most a tick late; moves are cheap; entries may come
// and go while it fires.
#include "proxy/net/wheel.h"

#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

#include "proxy/net/task.h"

namespace sluice::net {
namespace {

constexpr int64_t kMs = 1'000'000;

// A coroutine that waits for its deadline once and notes that it came.
struct Sleeper {
    explicit Sleeper(FramePool& pool) : frames_pool(pool) {}
    FramePool& frames() { return frames_pool; }

    FramePool& frames_pool;
    Waiter waiter;
    Deadline deadline{waiter};
    bool fired = false;
};

Detached sleep_once(Sleeper& sleeper) {
    co_await sleeper.waiter.wake(kDeadline);
    sleeper.fired = true;
}

class WheelTest : public testing::Test {
protected:
    Sleeper& sleeper() {
        sleepers_.push_back(std::make_unique<Sleeper>(frames_));
        sleep_once(*sleepers_.back());
        return *sleepers_.back();
    }
    void TearDown() override {
        // Frames that still wait belong to the pool; resuming them ends them.
        for (auto& sleeper : sleepers_) {
            wheel_.forget(sleeper->deadline);
            if (!sleeper->fired) sleeper->waiter.raised(kDeadline);
        }
    }

    FramePool frames_;
    Wheel wheel_{0};
    std::vector<std::unique_ptr<Sleeper>> sleepers_;
};

TEST_F(WheelTest, AnEmptyWheelSleepsForEver) {
    EXPECT_EQ(wheel_.next(), kNever);
}

TEST_F(WheelTest, FiresAtItsTimeAndNotBefore) {
    Sleeper& one = sleeper();
    wheel_.set(one.deadline, 100 * kMs);
    wheel_.advance(99 * kMs);
    EXPECT_FALSE(one.fired);
    wheel_.advance(100 * kMs);
    EXPECT_FALSE(one.fired) << "a deadline never fires in the tick it names";
    wheel_.advance(110 * kMs);
    EXPECT_TRUE(one.fired);
    EXPECT_EQ(wheel_.next(), kNever);
}

TEST_F(WheelTest, NextIsTheTickThatFires) {
    Sleeper& one = sleeper();
    wheel_.set(one.deadline, 100 * kMs);
    EXPECT_EQ(wheel_.next(), 110 * kMs);
    wheel_.advance(wheel_.next());
    EXPECT_TRUE(one.fired);
}

TEST_F(WheelTest, MovingLaterKeepsTheSlotAndFiresLater) {
    Sleeper& one = sleeper();
    wheel_.set(one.deadline, 100 * kMs);
    wheel_.set(one.deadline, 500 * kMs);
    wheel_.advance(200 * kMs);
    EXPECT_FALSE(one.fired);
    wheel_.advance(510 * kMs);
    EXPECT_TRUE(one.fired);
}

TEST_F(WheelTest, MovingEarlierFiresEarlier) {
    Sleeper& one = sleeper();
    wheel_.set(one.deadline, 5000 * kMs);
    wheel_.set(one.deadline, 50 * kMs);
    wheel_.advance(60 * kMs);
    EXPECT_TRUE(one.fired);
}

TEST_F(WheelTest, LongerThanATurn) {
    Sleeper& one = sleeper();
    wheel_.set(one.deadline, 300'000 * kMs);  // the AI rules' first token
    for (int64_t now = 0; now < 300'000; now += 1000) wheel_.advance(now * kMs);
    EXPECT_FALSE(one.fired);
    wheel_.advance(300'010 * kMs);
    EXPECT_TRUE(one.fired);
}

TEST_F(WheelTest, AfterALongPauseEveryDueEntryFires) {
    std::vector<Sleeper*> all;
    for (int i = 0; i < 50; ++i) {
        all.push_back(&sleeper());
        wheel_.set(all.back()->deadline, i * 997 * kMs);
    }
    wheel_.advance(3'600'000 * kMs);
    for (const Sleeper* one : all) EXPECT_TRUE(one->fired);
}

TEST_F(WheelTest, DisarmedAndForgottenEntriesStaySilent) {
    Sleeper& disarmed = sleeper();
    Sleeper& forgotten = sleeper();
    wheel_.set(disarmed.deadline, 50 * kMs);
    wheel_.set(forgotten.deadline, 50 * kMs);
    wheel_.set(disarmed.deadline, kNever);
    wheel_.forget(forgotten.deadline);
    wheel_.advance(1000 * kMs);
    EXPECT_FALSE(disarmed.fired);
    EXPECT_FALSE(forgotten.fired);
}

TEST_F(WheelTest, ANewDeadlineClearsAnExpiryNobodyTook) {
    Waiter waiter;  // nobody waits on it
    Deadline deadline(waiter);
    wheel_.set(deadline, 10 * kMs);
    wheel_.advance(100 * kMs);
    wheel_.set(deadline, 200 * kMs);
    EXPECT_FALSE(waiter.wake(kDeadline).await_ready());
    wheel_.forget(deadline);
}

// Against a plain list of times, with moves in both directions.
TEST_F(WheelTest, AgreesWithAListOfTimes) {
    std::mt19937_64 random(20261124);
    std::vector<Sleeper*> all;
    std::vector<int64_t> due;
    for (int i = 0; i < 200; ++i) {
        all.push_back(&sleeper());
        due.push_back(static_cast<int64_t>(random() % 40'000) * kMs);
        wheel_.set(all.back()->deadline, due.back());
    }
    for (int64_t now = 0; now <= 45'000 * kMs; now += static_cast<int64_t>(random() % 200) * kMs) {
        wheel_.advance(now);
        for (size_t i = 0; i < all.size(); ++i) {
            if (now >= due[i] + kTickNs) {
                EXPECT_TRUE(all[i]->fired) << i << " at " << now;
            }
            if (now < due[i]) {
                EXPECT_FALSE(all[i]->fired) << i << " at " << now;
            }
            if (all[i]->fired || random() % 10 != 0) continue;
            due[i] = now + static_cast<int64_t>(random() % 20'000) * kMs;
            wheel_.set(all[i]->deadline, due[i]);
        }
    }
}

}  // namespace
}  // namespace sluice::net
