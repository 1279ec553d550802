// A table's way through the supervisor, with real processes that do as the table says.
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include "table/view.h"
#include "tests/unit/supervisor/running.h"

namespace sluice::supervisor {
namespace {

TEST(Hello, SaysWhatRuns) {
    const Pod pod;
    Controller controller(pod);
    const Message hello = controller.next();
    expect_message(hello, MessageKind::hello, 0);
    EXPECT_EQ(hello.schema, table::schema_hash());
    EXPECT_EQ(hello.digests, table::Digests{});
    EXPECT_EQ(hello.text, "test-build");
}

TEST(Control, IsForOneUser) {
    const Pod pod;
    struct stat status{};
    ASSERT_EQ(::stat(pod.control_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
}

// Without a descriptor for it, the one who knocks goes on knocking: that must not become a spin.
TEST(Control, AKnockThatCannotBeAnsweredWaits) {
    constexpr size_t kPatience = 5;
    const Pod pod;
    ASSERT_TRUE(until([&] { return children_of(pod.pid()).size() == 2; }));
    rlimit before{};
    ASSERT_EQ(::prlimit(pod.pid(), RLIMIT_NOFILE, nullptr, &before), 0);
    const rlimit none{6, before.rlim_max};  // all below are taken; poll() may still ask for five
    ASSERT_EQ(::prlimit(pod.pid(), RLIMIT_NOFILE, &none, nullptr), 0);
    const auto begun = std::chrono::steady_clock::now();
    Controller controller(pod);
    const auto turned_away = [&pod] {
        const std::string said = pod.said();
        size_t count = 0;
        for (size_t at = said.find("turned away"); at != std::string::npos;
             at = said.find("turned away", at + 1)) {
            ++count;
        }
        return count;
    };
    ASSERT_TRUE(until([&] { return turned_away() >= kPatience; }));
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(took, std::chrono::milliseconds(100) * (kPatience - 1));
    ASSERT_EQ(::prlimit(pod.pid(), RLIMIT_NOFILE, &before, nullptr), 0);
    expect_message(controller.next(), MessageKind::hello, 0);
}

TEST_F(Running, GoesThroughTheStewardToTheWorker) {
    expect_served(1, "one", "e1");
    EXPECT_EQ(pod_.logged("steward publish 1 segments 3"), 1U);
    EXPECT_EQ(pod_.logged("worker 0 publish 1 segments 27"), 1U);
}

TEST_F(Running, TakesOneSegmentAlone) {
    controller_.publish(2, "", "e2");
    expect_message(controller_.next(), MessageKind::running, 2);
    expect_served(2, "one", "e2");
    EXPECT_EQ(pod_.logged("worker 0 publish 2 segments 18"), 1U);
    controller_.publish(3, "two", "");
    expect_message(controller_.next(), MessageKind::running, 3);
    expect_served(3, "two", "e2");
    EXPECT_EQ(pod_.logged("worker 0 publish 3 segments 9"), 1U);
}

TEST_F(Running, KeepsTheLastGoodWhenTheStewardRefuses) {
    controller_.publish(2, "bad", "e2");
    const Message answer = controller_.next();
    expect_refused(answer, 2, Reason::table_bad_value);
    EXPECT_EQ(answer.text, "the text says so");
    expect_served(1, "one", "e1");
    EXPECT_EQ(pod_.logged("worker 0 publish 2 segments 27"), 0U);
    controller_.publish(3, "three", "e3");
    expect_message(controller_.next(), MessageKind::running, 3);
    expect_served(3, "three", "e3");
}

TEST_F(Running, RefusesGenerationsThatDoNotGrow) {
    controller_.publish(1, "again", "e1");
    expect_refused(controller_.next(), 1, Reason::generation_stale);
    controller_.publish(2, "bad", "e1");
    expect_refused(controller_.next(), 2, Reason::table_bad_value);
    controller_.publish(2, "good", "e1");  // a refused number is used up, too
    expect_refused(controller_.next(), 2, Reason::generation_stale);
    controller_.publish(7, "seven", "e1");  // growing is enough
    expect_message(controller_.next(), MessageKind::running, 7);
    expect_served(7, "seven", "e1");
}

TEST_F(Running, ATableOverWhichTwoStewardsDieIsRefused) {
    controller_.publish(2, "poison", "e2");
    expect_refused(controller_.next(), 2, Reason::steward_died);
    EXPECT_EQ(pod_.logged("steward publish 2 segments 3"), 2U) << "once more, and no more";
    expect_served(1, "one", "e1");
    controller_.publish(3, "three", "e3");
    expect_message(controller_.next(), MessageKind::running, 3);
    expect_served(3, "three", "e3");
    // Each new steward was told what runs before anything else.
    EXPECT_EQ(pod_.logged("start steward --channel 3 --live 4 --log-wake 5"), 3U);
    EXPECT_EQ(pod_.logged("steward publish 1 segments 3"), 3U);
}

TEST_F(Running, ATableThatCrossesADeathIsGivenToTheNextSteward) {
    const pid_t steward = pod_.steward_pid();
    ASSERT_EQ(::kill(steward, SIGSTOP), 0);
    controller_.publish(2, "two", "e2");
    controller_.publish(3, "three", "e3");
    // The proof that the stopped steward has 2.
    expect_refused(controller_.next(), 3, Reason::message_malformed);
    ASSERT_EQ(::kill(steward, SIGKILL), 0);
    expect_message(controller_.next(), MessageKind::running, 2);
    expect_served(2, "two", "e2");
}

// Stewards come back at once, however many died.
class Poisoned : public Running {
protected:
    Poisoned() : Running(with([](Settings& settings) { settings.clocks.restart_most_ms = 50; })) {}
};

TEST_F(Poisoned, SurvivesManyTables) {
    uint64_t generation = 1;
    for (int round = 0; round < 4; ++round) {
        controller_.publish(++generation, "poison", "e");
        expect_refused(controller_.next(), generation, Reason::steward_died);
    }
    controller_.publish(++generation, "good", "e");
    expect_message(controller_.next(), MessageKind::running, generation);
}

TEST_F(Running, AWorkerThatIsKilledComesBackWithTheLastGoodSet) {
    controller_.publish(2, "", "e2");
    expect_message(controller_.next(), MessageKind::running, 2);
    const pid_t first = pod_.worker_pid();
    ASSERT_GT(first, 0);
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    ASSERT_TRUE(until([&] { return pod_.worker_pid() != first; }));
    ASSERT_TRUE(until([&] { return pod_.logged("worker 0 publish 2 segments 27") == 1; }));
    EXPECT_TRUE(until([&] {
        const auto served = pod_.ask();
        return served && served->generation == 2;
    }));
    expect_served(2, "one", "e2");
    EXPECT_TRUE(controller_.quiet()) << "nothing new runs: nobody needs to hear of it";
}

TEST_F(Running, ANewControllerTakesTheOldOnesPlaceAndHearsWhatRuns) {
    Controller second(pod_);
    const Message hello = second.next();
    expect_message(hello, MessageKind::hello, 1);
    EXPECT_EQ(hello.digests[0], text_digest("one"));
    EXPECT_EQ(hello.digests[1], text_digest("e1"));
    EXPECT_EQ(hello.digests[2], 0U);
    expect_message(second.next(), MessageKind::running, 1);
    EXPECT_TRUE(controller_.at_end());
    second.publish(2, "two", "e2");
    expect_message(second.next(), MessageKind::running, 2);
}

TEST_F(Running, GoesOnWithoutAController) {
    controller_ = Controller(pod_);
    controller_.next();
    {
        const Controller gone = std::move(controller_);
    }
    expect_served(1, "one", "e1");
    Controller later(pod_);
    expect_message(later.next(), MessageKind::hello, 1);
}

TEST_F(Running, HangsUpOnNonsense) {
    controller_.send_raw("nonsense");
    EXPECT_TRUE(controller_.at_end());
    Controller next(pod_);
    expect_message(next.next(), MessageKind::hello, 1);
    next.next();
    Message drain;  // lawful, and not a controller's to say
    drain.kind = MessageKind::drain;
    ASSERT_TRUE(table::send(next.fd(), drain));
    EXPECT_TRUE(next.at_end());
    expect_served(1, "one", "e1");
}

// --- clocks

class Late : public Running {
protected:
    Late() : Running(with([](Settings& settings) { settings.handover.clocks.late_ms = 50; })) {}
};

TEST_F(Late, AWorkerThatDoesNotAnswerIsReported) {
    controller_.publish(2, "stall", "e2");
    const Message late = controller_.next();
    expect_message(late, MessageKind::late, 2);
    EXPECT_EQ(late.worker, 0);
    EXPECT_TRUE(controller_.quiet()) << "once is enough";
}

TEST_F(Late, TheNewestGoesToAWorkerThatComesBack) {
    controller_.publish(2, "stall", "e2");
    expect_message(controller_.next(), MessageKind::late, 2);
    controller_.publish(3, "three", "");
    expect_message(controller_.next(), MessageKind::late, 3);  // still busy with 2
    EXPECT_EQ(pod_.logged("worker 0 publish 3 segments 9"), 0U) << "one at a time";
    ASSERT_EQ(::kill(pod_.worker_pid(), SIGKILL), 0);
    expect_message(controller_.next(), MessageKind::running, 3);
    expect_served(3, "three", "e2");
}

class Refusing : public Running {
protected:
    Refusing()
        : Running(with([](Settings& settings) {
              settings.handover.clocks.late_ms = 50;
              settings.handover.clocks.redeliver_ms = 5;
          })) {}
};

TEST_F(Refusing, AWorkerThatCannotGetsTheWholeTableAgain) {
    controller_.publish(2, "cannot", "");
    expect_message(controller_.next(), MessageKind::late, 2);
    EXPECT_TRUE(until([&] { return pod_.logged("worker 0 publish 2 segments 27") >= 2; }));
    EXPECT_NE(pod_.said().find("worker 0 cannot run generation 2: internal"), std::string::npos);
    controller_.publish(3, "three", "");
    expect_message(controller_.next(), MessageKind::running, 3);
    expect_served(3, "three", "e1");
}

class Hanging : public Running {
protected:
    Hanging()
        : Running(with([](Settings& settings) { settings.handover.clocks.verify_ms = 300; })) {}
};

TEST_F(Hanging, AStewardThatDoesNotAnswerIsKilled) {
    controller_.publish(2, "hang", "e2");
    expect_refused(controller_.next(), 2, Reason::steward_died);
    controller_.publish(3, "three", "e3");
    expect_message(controller_.next(), MessageKind::running, 3);
}

TEST_F(Hanging, OneGenerationIsInFlight) {
    controller_.publish(2, "hang", "e2");
    controller_.publish(3, "three", "e3");
    expect_refused(controller_.next(), 3, Reason::message_malformed);
    expect_refused(controller_.next(), 2, Reason::steward_died);
}

TEST_F(Hanging, ANewControllerIsGreetedWhenItIsClearWhatRuns) {
    controller_.publish(2, "hang", "e2");
    ASSERT_TRUE(until([&] { return pod_.logged("steward publish 2 segments 3") == 1; }));
    Controller second(pod_);
    const Message hello = second.next();
    expect_message(hello, MessageKind::hello, 2);     // the number is used up …
    EXPECT_EQ(hello.digests[0], text_digest("one"));  // … by what does not run
    expect_message(second.next(), MessageKind::running, 1);
    EXPECT_TRUE(second.quiet()) << "it did not publish 2";
}

TEST(NoSteward, IsARefusalAtLast) {
    Settings settings;
    settings.program = "/nowhere";
    settings.handover.clocks.verify_ms = 50;
    const Pod pod(settings);
    Controller controller(pod);
    expect_message(controller.next(), MessageKind::hello, 0);
    controller.publish(1, "one", "e1");
    expect_refused(controller.next(), 1, Reason::steward_died);
}

TEST_F(Late, IsCounted) {
    controller_.publish(2, "stall", "e2");
    expect_message(controller_.next(), MessageKind::late, 2);
    EXPECT_EQ(pod_.live().pod().late, 1U);
    EXPECT_EQ(pod_.live().pod().running_since_ns, 0U);
}

// --- two workers

class Two : public Running {
protected:
    Two()
        : Running([] {
              Settings settings;
              settings.workers = 2;
              settings.handover.clocks.late_ms = 50;
              return settings;
          }()) {}
    // Serving processes by index; -1 where none answered.
    std::vector<pid_t> serving() {
        std::vector<pid_t> pids{-1, -1};
        until([&] {
            if (const auto served = pod_.ask())
                pids[static_cast<size_t>(served->worker)] = served->pid;
            return pids[0] > 0 && pids[1] > 0;
        });
        return pids;
    }
};

TEST_F(Two, BothAccept) {
    const std::vector<pid_t> pids = serving();
    EXPECT_GT(pids[0], 0);
    EXPECT_GT(pids[1], 0);
    EXPECT_NE(pids[0], pids[1]);
}

TEST_F(Two, RunningMeansBoth) {
    EXPECT_EQ(pod_.logged("worker 0 publish 1 segments 27"), 1U);
    EXPECT_EQ(pod_.logged("worker 1 publish 1 segments 27"), 1U);
}

TEST_F(Two, ADeathLeavesTheOtherAlone) {
    const std::vector<pid_t> before = serving();
    ASSERT_EQ(::kill(before[1], SIGKILL), 0);
    std::vector<pid_t> after = before;
    ASSERT_TRUE(until([&] { return (after = serving())[1] != before[1]; }));
    EXPECT_EQ(after[0], before[0]);
}

TEST_F(Two, AStoppedWorkerIsTheOneThatIsLate) {
    const std::vector<pid_t> pids = serving();
    ASSERT_EQ(::kill(pids[1], SIGSTOP), 0);
    controller_.publish(2, "two", "e2");
    const Message late = controller_.next();
    expect_message(late, MessageKind::late, 2);
    EXPECT_EQ(late.worker, 1);
    ASSERT_EQ(::kill(pids[1], SIGCONT), 0);
    expect_message(controller_.next(), MessageKind::running, 2);
}

TEST_F(Two, TheDeadDoNotHoldUpTheLiving) {
    const std::vector<pid_t> pids = serving();
    ASSERT_EQ(::kill(pids[1], SIGSTOP), 0);
    controller_.publish(2, "two", "e2");
    expect_message(controller_.next(), MessageKind::late, 2);
    ASSERT_EQ(::kill(pids[1], SIGKILL), 0);
    expect_message(controller_.next(), MessageKind::running, 2);
}

}  // namespace
}  // namespace sluice::supervisor
