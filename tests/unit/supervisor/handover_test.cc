// A table's way through the supervisor, with real processes that do as the table says.
#include <csignal>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "table/view.h"
#include "tests/unit/supervisor/pod.h"

namespace sluice::supervisor {
namespace {

using table::Message;
using table::MessageKind;

Settings with(void (*change)(Settings&)) {
    Settings settings;
    change(settings);
    return settings;
}

void expect_message(const Message& message, MessageKind kind, uint64_t generation) {
    EXPECT_EQ(static_cast<int>(message.kind), static_cast<int>(kind));
    EXPECT_EQ(message.generation, generation);
}

void expect_refused(const Message& message, uint64_t generation, Reason reason) {
    expect_message(message, MessageKind::refused, generation);
    EXPECT_EQ(reason_text(message.reason), reason_text(reason));
}

// Greeted, and generation 1 = "one" "e1" runs.
class Running : public testing::Test {
protected:
    explicit Running(Settings settings = {}) : pod_(std::move(settings)), controller_(pod_) {}
    void SetUp() override {
        expect_message(controller_.next(), MessageKind::hello, 0);
        controller_.publish(1, "one", "e1");
        Message answer = controller_.next();
        // Processes that start on a busy machine may be late by the shortened clocks.
        if (answer.kind == MessageKind::late) answer = controller_.next();
        expect_message(answer, MessageKind::running, 1);
    }
    void expect_served(uint64_t generation, const char* routes, const char* endpoints) {
        const auto served = pod_.ask();
        ASSERT_TRUE(served);
        EXPECT_EQ(served->generation, generation);
        EXPECT_EQ(served->routes, routes);
        EXPECT_EQ(served->endpoints, endpoints);
    }

    Pod pod_;
    Controller controller_;
};

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

// --- slots

TEST_F(Running, SlotsComeFromTheStewardAndGoBesideTheirSegments) {
    const auto served = pod_.ask();
    ASSERT_TRUE(served);
    EXPECT_EQ(served->rule_slots, "slots-of-one");
    EXPECT_EQ(served->endpoint_slots, "slots-of-e1");
    controller_.publish(2, "", "e2");
    expect_message(controller_.next(), MessageKind::running, 2);
    const auto later = pod_.ask();
    ASSERT_TRUE(later);
    EXPECT_EQ(later->rule_slots, "slots-of-one");
    EXPECT_EQ(later->endpoint_slots, "slots-of-e2");
}

TEST_F(Running, AControllerThatSendsSlotsIsRefused) {
    Message message;
    message.kind = MessageKind::publish;
    message.generation = 2;
    message.segments = bit_of(table::Segment::rule_slots);
    message.digests[static_cast<size_t>(table::Segment::rule_slots)] = 1;
    controller_.send(message, 1);
    expect_refused(controller_.next(), 2, Reason::message_malformed);
    expect_served(1, "one", "e1");
    controller_.publish(2, "two", "");
    expect_message(controller_.next(), MessageKind::running, 2);
}

TEST_F(Running, HelloSpeaksOfWhatAControllerPublishesOnly) {
    Controller second(pod_);
    const Message hello = second.next();
    EXPECT_EQ(hello.digests[3], 0U);
    EXPECT_EQ(hello.digests[4], 0U);
}

// --- the last good copy

Settings restoring(std::vector<std::string> steward_arguments) {
    Settings settings;
    settings.handover.restores = true;
    settings.steward_arguments = std::move(steward_arguments);
    return settings;
}

TEST(Restored, IsServedWithoutAControllerAndToldToTheNext) {
    Pod pod(restoring({"--restore", "kept"}));
    std::optional<Served> served;
    ASSERT_TRUE(until([&] { return (served = pod.ask()) && served->generation == 7; }));
    EXPECT_EQ(served->routes, "kept");
    EXPECT_EQ(served->rule_slots, "slots-of-kept");
    EXPECT_EQ(served->endpoint_slots, "slots-of-e-kept");
    ASSERT_TRUE(until([&] { return pod.live().pod().running_since_ns != 0; }));
    EXPECT_EQ(pod.live().pod().generation, 7U);
    Controller controller(pod);
    const Message hello = controller.next();
    expect_message(hello, MessageKind::hello, 7);
    EXPECT_EQ(hello.digests[0], text_digest("kept"));
    expect_message(controller.next(), MessageKind::running, 7);
    controller.publish(8, "eight", "");  // it publishes no endpoints: there are none any more
    expect_message(controller.next(), MessageKind::running, 8);
    EXPECT_EQ(pod.logged("worker 0 publish 8 segments 9"), 1U);
}

TEST(Restored, CountsOnlyAsLongAsThereIsNothingNewer) {
    Pod pod(restoring({"--restore", "kept"}));
    Controller controller(pod);
    expect_message(controller.next(), MessageKind::hello, 7);
    expect_message(controller.next(), MessageKind::running, 7);
    controller.publish(8, "eight", "e8");
    expect_message(controller.next(), MessageKind::running, 8);
    ASSERT_EQ(::kill(pod.steward_pid(), SIGKILL), 0);
    ASSERT_TRUE(until([&] { return pod.logged("steward publish 8 segments 3") == 2; }));
    controller.publish(9, "nine", "");
    expect_message(controller.next(), MessageKind::running, 9);
    const auto served = pod.ask();
    ASSERT_TRUE(served);
    EXPECT_EQ(served->endpoints, "e8");
}

TEST(Restored, NothingIsAnAnswerToo) {
    const Pod pod(restoring({}));
    Controller controller(pod);
    expect_message(controller.next(), MessageKind::hello, 0);
}

TEST(Restored, AStewardThatSaysNothingHoldsUpAControllerForAWhileOnly) {
    Settings settings = restoring({"--silent"});
    settings.handover.clocks.restore_ms = 300;
    Pod pod(settings);
    Controller controller(pod);
    EXPECT_TRUE(controller.quiet());
    expect_message(controller.next(), MessageKind::hello, 0);
    controller.publish(1, "one", "e1");
    expect_message(controller.next(), MessageKind::running, 1);
}

// --- the pod's record

TEST_F(Running, TheRecordSaysHowTheHandOverStands) {
    const live::PodRecord& record = pod_.live().pod();
    EXPECT_EQ(record.generation, 1U);
    EXPECT_EQ(record.controller, 1U);
    EXPECT_EQ(record.published, 1U);
    EXPECT_GT(record.good_since_ns, 0U);
    EXPECT_GE(record.running_since_ns, record.good_since_ns);
    EXPECT_EQ(static_cast<pid_t>(record.supervisor_pid), pod_.pid());
    EXPECT_EQ(static_cast<pid_t>(record.steward_pid), pod_.steward_pid());
    EXPECT_EQ(record.steward_starts, 1U);
    EXPECT_EQ(record.workers, 1U);
    EXPECT_EQ(record.draining, 0U);
    controller_.publish(2, "bad", "e2");
    expect_refused(controller_.next(), 2, Reason::table_bad_value);
    controller_.publish(2, "stale", "e2");
    expect_refused(controller_.next(), 2, Reason::generation_stale);
    EXPECT_EQ(record.published, 2U);
    EXPECT_EQ(record.refused, 2U);
    EXPECT_EQ(record.refusals[static_cast<size_t>(Reason::table_bad_value)], 1U);
    EXPECT_EQ(record.refusals[static_cast<size_t>(Reason::generation_stale)], 1U);
    EXPECT_EQ(record.generation, 1U);
    {
        const Controller gone = std::move(controller_);
    }
    EXPECT_TRUE(until([&] { return record.controller == 0; }));
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
