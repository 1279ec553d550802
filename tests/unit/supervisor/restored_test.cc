// Slots beside their segments, the last good copy, and what the pod's record says.
#include <csignal>
#include <gtest/gtest.h>
#include <optional>

#include "tests/unit/supervisor/running.h"

namespace sluice::supervisor {
namespace {

class Serving : public Running {};

// --- slots

TEST_F(Serving, SlotsComeFromTheStewardAndGoBesideTheirSegments) {
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

TEST_F(Serving, AControllerThatSendsSlotsIsRefused) {
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

TEST_F(Serving, HelloSpeaksOfWhatAControllerPublishesOnly) {
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

TEST_F(Serving, TheRecordSaysHowTheHandOverStands) {
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

}  // namespace
}  // namespace sluice::supervisor
