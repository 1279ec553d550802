// Heartbeats, adoption and release, seen from outside: who accepts, who is killed, what the records
// say.
#include "proxy/supervisor/watch.h"

#include <csignal>
#include <gtest/gtest.h>
#include <set>

#include <unistd.h>

#include "tests/unit/supervisor/pod.h"

namespace sluice::supervisor {
namespace {

using table::MessageKind;

constexpr uint32_t kNever = 1'000'000;  // ticks

Settings of(uint32_t workers) {
    Settings settings;
    settings.workers = workers;
    settings.clocks.kill_ticks = kNever;
    return settings;
}

// A pod whose workers all run generation 1.
class Watched : public testing::Test {
protected:
    explicit Watched(Settings settings) : pod_(std::move(settings)), controller_(pod_) {}
    void SetUp() override {
        ASSERT_EQ(controller_.next().kind, MessageKind::hello);
        controller_.publish(1, "one", "e1");
        ASSERT_EQ(controller_.next().kind, MessageKind::running);
    }
    // The process that serves as this worker; asks until it answers.
    pid_t serving_as(int worker) {
        pid_t pid = -1;
        until([&] {
            const auto served = pod_.ask();
            if (served && served->worker == worker) pid = served->pid;
            return pid > 0;
        });
        return pid;
    }
    // Everybody who answers so many new connections, all of which are answered.
    std::set<int> answering(int connections = 40) {
        std::set<int> workers;
        for (int i = 0; i < connections; ++i) {
            const auto served = pod_.ask();
            EXPECT_TRUE(served) << "a new connection got no answer";
            if (served) workers.insert(served->worker);
        }
        return workers;
    }
    bool told(int worker, const char* what, int about, size_t times = 1) {
        const std::string line =
            "worker " + std::to_string(worker) + " " + what + " " + std::to_string(about);
        return until([&] { return pod_.logged(line) >= times; });
    }
    // 1 + the host; 0: it accepts on its own.
    uint32_t host_of(uint32_t worker) { return pod_.live().worker(worker).adopted_by; }
    bool hosted(uint32_t worker, uint32_t by) {
        return until([&] { return host_of(worker) == by; });
    }

    Pod pod_;
    Controller controller_;
};

TEST(Watch, AWorkerThatCouldNotBeStartedIsHostedToo) {
    int memory = -1;
    const live::Sizes sizes{2, 2, 2, 1, 1, 1, 64 * 1024};
    const auto live = live::Mapping::create(sizes, memory);
    const table::Descriptor owned(memory);
    ASSERT_TRUE(live) << live.error();
    auto ends = table::pair();
    ASSERT_TRUE(ends);
    std::vector<Child> workers(2);
    workers[0].pid = ::getpid();
    workers[0].channel = std::move((*ends)[0]);
    Child steward;
    const handover::Settings settings;
    const handover::Handover handover(
        settings, steward, {workers.begin(), workers.end()}, live->pod()
    );
    const Clocks clocks;
    Watch watch(clocks, *live, workers, handover);
    watch.started(0);
    watch.settle();
    const auto told = table::receive((*ends)[1].get());
    ASSERT_TRUE(told);
    ASSERT_FALSE(told->again) << "nobody accepts for it";
    EXPECT_EQ(told->message.kind, MessageKind::adopt);
    EXPECT_EQ(told->message.worker, 1);
    EXPECT_EQ(live->worker(1).adopted_by, 1U);
}

// It may take its time to start, but whoever connects meanwhile is served.
TEST(Watch, AWorkerWithoutAFirstBeatIsHostedLongBeforeItIsStuck) {
    int memory = -1;
    const live::Sizes sizes{2, 2, 2, 1, 1, 1, 64 * 1024};
    const auto live = live::Mapping::create(sizes, memory);
    const table::Descriptor owned(memory);
    ASSERT_TRUE(live) << live.error();
    std::vector<Child> workers(2);
    std::vector<table::Descriptor> ends;
    for (Child& worker : workers) {
        auto pair = table::pair();
        ASSERT_TRUE(pair);
        worker.pid = ::getpid();
        worker.channel = std::move((*pair)[0]);
        ends.push_back(std::move((*pair)[1]));
    }
    Child steward;
    const handover::Settings settings;
    const handover::Handover handover(
        settings, steward, {workers.begin(), workers.end()}, live->pod()
    );
    const Clocks clocks;
    Watch watch(clocks, *live, workers, handover);
    for (size_t i = 0; i < 2; ++i) watch.started(i);
    int64_t now = 0;
    const auto tick = [&] {
        ++live->worker(0).beat;
        watch.look(now);
        watch.settle();
        now += clocks.tick_ms;
    };
    for (uint32_t i = 1; i < clocks.stuck_ticks; ++i) tick();
    EXPECT_EQ(live->worker(1).adopted_by, 0U);
    tick();
    const auto told = table::receive(ends[0].get());
    ASSERT_TRUE(told);
    ASSERT_FALSE(told->again) << "nobody accepts for it";
    EXPECT_EQ(told->message.kind, MessageKind::adopt);
    EXPECT_EQ(live->worker(1).adopted_by, 1U);
    EXPECT_EQ(live->worker(1).stuck, 0U) << "it may still be starting";
    ++live->worker(1).beat;
    tick();
    EXPECT_EQ(live->worker(1).adopted_by, 0U) << "it serves now";
}

class Pair : public Watched {
protected:
    Pair() : Watched(of(2)) {}
};

TEST_F(Pair, AStoppedWorkersConnectionsGoToItsSiblingUntilItIsBack) {
    const pid_t stopped = serving_as(1);
    ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
    ASSERT_TRUE(told(0, "adopt", 1));
    EXPECT_TRUE(hosted(1, 1));
    EXPECT_EQ(pod_.live().worker(1).stuck, 1U);
    EXPECT_TRUE(until([&] { return pod_.live().worker(1).running == 0; }));
    EXPECT_EQ(answering(), (std::set<int>{0}));
    EXPECT_NE(pod_.said().find("worker 1 has not been heard from for 750 ms"), std::string::npos);
    ASSERT_EQ(::kill(stopped, SIGCONT), 0);
    ASSERT_TRUE(told(0, "release", 1));
    EXPECT_TRUE(hosted(1, 0));
    EXPECT_EQ(serving_as(1), stopped) << "it was not killed";
    EXPECT_EQ(pod_.live().worker(1).deaths, 0U);
    EXPECT_TRUE(until([&] { return pod_.live().worker(1).running == 1; }));
}

TEST_F(Pair, ADeadWorkersConnectionsGoToItsSiblingAtOnceAndBack) {
    ASSERT_EQ(::kill(serving_as(1), SIGKILL), 0);
    ASSERT_TRUE(told(0, "adopt", 1));
    ASSERT_TRUE(told(0, "release", 1));
    EXPECT_TRUE(hosted(1, 0));
    EXPECT_EQ(answering(200), (std::set<int>{0, 1}));
    EXPECT_EQ(pod_.live().worker(1).deaths, 1U);
    EXPECT_EQ(pod_.live().worker(1).starts, 2U);
    EXPECT_EQ(pod_.live().worker(1).stuck, 0U);
}

TEST_F(Pair, ACrashLoopIsHostedAllTheWhile) {
    controller_.publish(2, "crash-1", "e2");
    ASSERT_TRUE(until([&] { return pod_.live().worker(1).deaths >= 3; }));
    EXPECT_EQ(pod_.logged("worker 0 adopt 1"), 1U) << "it never came so far as to take over again";
    EXPECT_EQ(pod_.logged("worker 0 release 1"), 0U);
    EXPECT_TRUE(hosted(1, 1));
    controller_.publish(3, "good", "e3");
    ASSERT_TRUE(told(0, "release", 1));
    EXPECT_GT(serving_as(1), 0);
}

TEST_F(Pair, BothAreHostedOnceOneOfThemIsBack) {
    const pid_t first = serving_as(0);
    const pid_t second = serving_as(1);
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    ASSERT_EQ(::kill(second, SIGKILL), 0);
    ASSERT_TRUE(until([&] { return host_of(0) == 0 && host_of(1) == 0; }));
    EXPECT_GT(serving_as(0), 0);
    EXPECT_GT(serving_as(1), 0);
    EXPECT_EQ(answering(200), (std::set<int>{0, 1}));
}

TEST_F(Pair, AllOfThemMayBeStuckAndComeBack) {
    const pid_t first = serving_as(0);
    const pid_t second = serving_as(1);
    ASSERT_EQ(::kill(first, SIGSTOP), 0);
    ASSERT_EQ(::kill(second, SIGSTOP), 0);
    ASSERT_TRUE(until([&] {
        return pod_.live().worker(0).stuck == 1 && pod_.live().worker(1).stuck == 1;
    }));
    ASSERT_EQ(::kill(first, SIGCONT), 0);
    ASSERT_TRUE(hosted(1, 1));
    ASSERT_TRUE(told(0, "adopt", 1));
    ASSERT_EQ(::kill(second, SIGCONT), 0);
    ASSERT_TRUE(until([&] { return host_of(0) == 0 && host_of(1) == 0; }));
    EXPECT_EQ(answering(200), (std::set<int>{0, 1}));
}

TEST_F(Pair, APausedSupervisorDeclaresNobodyStuck) {
    ASSERT_EQ(::kill(pod_.pid(), SIGSTOP), 0);
    const int64_t ticks = 12;
    const uint64_t before = pod_.live().worker(0).beat;
    // Workers beat every 10 ms: a long pause by the clock of the pod itself.
    const auto beats = static_cast<uint64_t>(ticks * pod_.settings().clocks.tick_ms / 10);
    ASSERT_TRUE(until([&] { return pod_.live().worker(0).beat > before + beats; }));
    ASSERT_EQ(::kill(pod_.pid(), SIGCONT), 0);
    controller_.publish(2, "two", "e2");
    ASSERT_EQ(controller_.next().kind, MessageKind::running);
    EXPECT_EQ(answering(200), (std::set<int>{0, 1}));
    EXPECT_EQ(pod_.live().worker(0).stuck + pod_.live().worker(1).stuck, 0U);
}

// Everything is paused, as when a machine sleeps: the supervisor wakes first, and sees old beats.
TEST_F(Pair, APausedMachineDeclaresNobodyStuck) {
    const pid_t workers[] = {serving_as(0), serving_as(1)};
    for (int round = 0; round < 4; ++round) {
        ASSERT_EQ(::kill(pod_.pid(), SIGSTOP), 0);
        for (const pid_t worker : workers) ASSERT_EQ(::kill(worker, SIGSTOP), 0);
        const int pause_ms = 300;
        ::usleep(pause_ms * 1'000);  // the pause is what is tested
        ASSERT_EQ(::kill(pod_.pid(), SIGCONT), 0);
        controller_.publish(static_cast<uint64_t>(2 + round), "bad", "e2");
        ASSERT_EQ(controller_.next().kind, MessageKind::refused) << "the supervisor is at work";
        for (const pid_t worker : workers) ASSERT_EQ(::kill(worker, SIGCONT), 0);
        const uint64_t beat = pod_.live().worker(0).beat;
        ASSERT_TRUE(until([&] { return pod_.live().worker(0).beat > beat + 20; }));
    }
    EXPECT_EQ(pod_.live().worker(0).stuck + pod_.live().worker(1).stuck, 0U);
}

class Impatient : public Watched {
protected:
    Impatient()
        : Watched([] {
              Settings settings = of(2);
              settings.clocks.kill_ticks = 3;
              return settings;
          }()) {}
};

TEST_F(Impatient, WhoStaysStuckIsKilledAndComesBack) {
    const pid_t stopped = serving_as(1);
    ASSERT_EQ(::kill(stopped, SIGSTOP), 0);
    ASSERT_TRUE(until([&] { return pod_.live().worker(1).deaths == 1; }));
    EXPECT_NE(pod_.said().find("worker 1 has been stuck for 1125 ms: killed"), std::string::npos);
    ASSERT_TRUE(told(0, "release", 1));
    EXPECT_NE(serving_as(1), stopped);
}

TEST_F(Impatient, AWorkerThatServesButDoesNotBeatIsKilledToo) {
    controller_.publish(2, "mute-1", "e2");
    ASSERT_TRUE(until([&] { return pod_.live().worker(1).deaths >= 1; }));
    EXPECT_EQ(pod_.live().worker(0).deaths, 0U);
}

class Four : public Watched {
protected:
    Four() : Watched(of(4)) {}
};

TEST_F(Four, WhenTheHostFallsIllAnotherTakesEverything) {
    const pid_t one = serving_as(1);
    const pid_t two = serving_as(2);
    ASSERT_EQ(::kill(one, SIGSTOP), 0);
    ASSERT_TRUE(told(2, "adopt", 1)) << "the next in the ring";
    ASSERT_EQ(::kill(two, SIGSTOP), 0);
    ASSERT_TRUE(told(3, "adopt", 1));
    ASSERT_TRUE(told(3, "adopt", 2));
    EXPECT_TRUE(hosted(1, 4));
    EXPECT_TRUE(hosted(2, 4));
    EXPECT_EQ(answering(200), (std::set<int>{0, 3}));
    ASSERT_EQ(::kill(two, SIGCONT), 0);
    ASSERT_TRUE(told(2, "release", 1)) << "it learns that it is not the host any more";
    ASSERT_TRUE(told(3, "release", 2));
    EXPECT_TRUE(hosted(1, 4)) << "who hosts and is well goes on";
    ASSERT_EQ(::kill(one, SIGCONT), 0);
    ASSERT_TRUE(told(3, "release", 1));
    EXPECT_EQ(answering(300), (std::set<int>{0, 1, 2, 3}));
}

TEST_F(Four, WhenTheHostDiesAnotherTakesEverything) {
    const pid_t one = serving_as(1);
    const pid_t two = serving_as(2);
    ASSERT_EQ(::kill(one, SIGSTOP), 0);
    ASSERT_TRUE(told(2, "adopt", 1));
    ASSERT_EQ(::kill(two, SIGKILL), 0);
    ASSERT_TRUE(told(3, "adopt", 1));
    ASSERT_TRUE(told(3, "adopt", 2));
    ASSERT_TRUE(told(3, "release", 2)) << "the new worker 2 serves";
    EXPECT_EQ(pod_.logged("worker 2 release 1"), 0U) << "the new one never accepted for 1";
    EXPECT_TRUE(hosted(1, 4));
    EXPECT_EQ(answering(200), (std::set<int>{0, 2, 3}));
}

class Alone : public Watched {
protected:
    Alone() : Watched(of(1)) {}
};

TEST_F(Alone, ThereIsNobodyToHostIt) {
    ASSERT_EQ(::kill(serving_as(0), SIGKILL), 0);
    ASSERT_TRUE(until([&] { return pod_.live().worker(0).starts == 2; }));
    EXPECT_GT(serving_as(0), 0);
    EXPECT_TRUE(hosted(0, 0));
}

TEST_F(Alone, WhatADeadWorkerHeldIsUndoneAndTold) {
    controller_.publish(2, "busy", "e2");
    ASSERT_EQ(controller_.next().kind, MessageKind::running);
    ASSERT_NE(pod_.live().worker(0).current, 0U);
    ASSERT_EQ(::kill(serving_as(0), SIGKILL), 0);
    ASSERT_TRUE(until([&] { return pod_.live().worker(0).deaths == 1; }));
    EXPECT_EQ(pod_.live().worker(0).lost, 1U);
    EXPECT_EQ(pod_.live().lost_ring().head, 1U);
    ASSERT_TRUE(until([&] { return pod_.said().find("was ended by signal 9") != std::string::npos; }
    ));
    const std::string said = pod_.said();
    EXPECT_NE(
        said.find("worker 0 was ended by signal 9, 1 exchanges lost; it was moving one of rule key "
                  "0000000000abcdef, "),
        std::string::npos
    ) << said;
}

}  // namespace
}  // namespace sluice::supervisor
