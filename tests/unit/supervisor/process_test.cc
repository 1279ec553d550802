// Processes: back-off, confinement, drain, and what is left behind (nothing).
#include <csignal>
#include <gtest/gtest.h>
#include <memory>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include "proxy/supervisor/child.h"
#include "tests/unit/new_folder.h"
#include "tests/unit/supervisor/pod.h"

namespace sluice::supervisor {
namespace {

using table::MessageKind;

constexpr int64_t kLongMs = 600'000;

// The pod's children have started and run generation 1.
void run_first(Controller& controller, const char* routes) {
    ASSERT_EQ(controller.next().kind, MessageKind::hello);
    controller.publish(1, routes, "e1");
    ASSERT_EQ(controller.next().kind, MessageKind::running);
}

bool is_gone(pid_t pid) {
    return ::kill(pid, 0) != 0;
}

TEST(BackOff, DoublesToItsMostAndBeginsAnewAfterALongLife) {
    Clocks clocks;
    Child child;
    int64_t now_ms = 1'000;
    for (const int64_t delay_ms : {50, 100, 200, 400, 800, 1'600, 3'200, 5'000, 5'000}) {
        child.started_ms = now_ms;
        now_ms += 9'999;  // not quite settled
        schedule_restart(child, clocks, now_ms);
        EXPECT_EQ(child.delay_ms, delay_ms);
        EXPECT_EQ(child.start_at_ms, now_ms + delay_ms);
    }
    child.started_ms = now_ms;
    now_ms += 10'000;
    schedule_restart(child, clocks, now_ms);
    EXPECT_EQ(child.delay_ms, 50);
}

TEST(BackOff, IsWhatTheSupervisorDoes) {
    Settings settings;
    settings.program = "/nowhere";
    settings.clocks.restart_ms = 1;
    settings.clocks.restart_most_ms = 4;
    const Pod pod(settings);
    const auto steward_lines = [&pod] {
        std::istringstream lines(pod.said());
        std::vector<std::string> found;
        for (std::string line; std::getline(lines, line);) {
            if (line.find("steward") != std::string::npos) found.push_back(line);
        }
        return found;
    };
    ASSERT_TRUE(until([&] { return steward_lines().size() >= 5; }));
    const char* const waits[] = {"1", "2", "4", "4"};
    for (size_t i = 0; i < std::size(waits); ++i) {
        EXPECT_EQ(
            steward_lines()[i],
            std::string("sluice-proxy: steward ended with code 127, next start in ") + waits[i] +
                " ms"
        );
    }
}

TEST(Restart, AWorkerThatClosesItsChannelIsReplaced) {
    const Pod pod;
    Controller controller(pod);
    run_first(controller, "one");
    const pid_t first = pod.worker_pid();
    controller.publish(2, "deaf", "");
    ASSERT_TRUE(until([&] { return is_gone(first); }));
    EXPECT_NE(pod.worker_pid(), first);
}

TEST(Confinement, ChildrenGetTheirDescriptorsAndNothingElse) {
    Settings settings;
    settings.listen = {"127.0.0.1:0", "127.0.0.1:0"};
    settings.workers = 2;
    const int stray = ::dup(0);  // not close-on-exec, and above the lawful ones
    const int far = ::dup2(stray, 200);
    const Pod pod(settings);
    Controller controller(pod);
    run_first(controller, "one");
    EXPECT_EQ(
        pod.logged("start worker --channel 3 --live 4 --log-wake 5 --index 1 --first-listener 6 "
                   "--listeners 4 --listeners-per-worker 2"),
        1U
    );
    for (const pid_t pid : children_of(pod.pid())) {
        const bool is_worker = proc_file(pid, "cmdline").find("worker") != std::string::npos;
        EXPECT_TRUE(until([&] { return descriptors_of(pid) == (is_worker ? 10U : 6U); }))
            << proc_file(pid, "cmdline") << " has " << descriptors_of(pid);
    }
    ::close(stray);
    ::close(far);
}

TEST(Confinement, ChildrenGainNothingAndLeaveNoCore) {
    const Pod pod;
    Controller controller(pod);
    run_first(controller, "one");
    const std::vector<pid_t> children = children_of(pod.pid());
    ASSERT_EQ(children.size(), 2U);
    for (const pid_t pid : children) {
        EXPECT_NE(proc_file(pid, "status").find("NoNewPrivs:\t1"), std::string::npos);
        EXPECT_NE(proc_file(pid, "status").find("SigBlk:\t0000000000000000"), std::string::npos);
        std::istringstream limits(proc_file(pid, "limits"));
        std::string line;
        while (std::getline(limits, line) && line.find("Max core file size") != 0) continue;
        EXPECT_NE(line.find("Max core file size        0                    0"), std::string::npos)
            << line;
    }
}

TEST(Confinement, ChildrenLeaveSignalsToTheirParent) {
    const Pod pod;
    Controller controller(pod);
    run_first(controller, "one");
    const pid_t worker = pod.worker_pid();
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE})
        ASSERT_EQ(::kill(worker, signal), 0);
    EXPECT_EQ(pod.worker_pid(), worker);
}

TEST(Reopen, IsWhatTheStewardIsToldAndNobodyElse) {
    for (const int signal : {SIGHUP, SIGUSR1}) {
        Pod pod;
        Controller controller(pod);
        run_first(controller, "one");
        const pid_t worker = pod.worker_pid();
        pod.signal(signal);
        ASSERT_TRUE(until([&] { return pod.logged("steward reopen") == 1; }));
        controller.publish(2, "two", "e2");
        EXPECT_EQ(controller.next().kind, MessageKind::running);
        EXPECT_EQ(pod.worker_pid(), worker);
        pod.signal(SIGTERM);
        EXPECT_EQ(pod.exit_code(), 0);
    }
}

TEST(Confinement, ChildrenDieWithTheirSupervisor) {
    Pod pod;
    Controller controller(pod);
    run_first(controller, "linger");
    const std::vector<pid_t> children = children_of(pod.pid());
    ASSERT_EQ(children.size(), 2U);
    pod.signal(SIGKILL);
    EXPECT_EQ(pod.exit_code(), -SIGKILL);
    for (const pid_t pid : children) EXPECT_TRUE(until([&] { return is_gone(pid); }));
}

TEST(Drain, TellsTheWorkersAndExitsWithZero) {
    for (const int signal : {SIGTERM, SIGINT}) {
        Settings settings;
        settings.workers = 2;
        Pod pod(settings);
        Controller controller(pod);
        run_first(controller, "one");
        const std::vector<pid_t> children = children_of(pod.pid());
        ASSERT_EQ(children.size(), 3U);
        pod.signal(signal);
        EXPECT_EQ(pod.exit_code(), 0);
        EXPECT_EQ(pod.logged("worker 0 drain"), 1U);
        EXPECT_EQ(pod.logged("worker 1 drain"), 1U);
        for (const pid_t pid : children) EXPECT_TRUE(is_gone(pid));
        EXPECT_FALSE(pod.ask()) << "nobody listens any more";
    }
}

TEST(Drain, NewConnectionsAreRefusedWhileOldOnesEnd) {
    Settings settings;
    settings.clocks.grace_ms = kLongMs;
    Pod pod(settings);
    Controller controller(pod);
    run_first(controller, "linger");
    pod.signal(SIGTERM);
    ASSERT_TRUE(until([&] { return pod.logged("worker 0 drain") == 1; }));
    EXPECT_TRUE(until([&] { return !pod.ask(); }));
    EXPECT_EQ(children_of(pod.pid()).size(), 2U) << "the worker has its time, the steward stays";
    EXPECT_EQ(pod.live().worker(0).starts, 1U);
    pod.signal(SIGTERM);  // impatient
    EXPECT_EQ(pod.exit_code(), 0);
}

TEST(Drain, AStewardThatDiesComesBackWhileRequestsEnd) {
    Settings settings;
    settings.clocks.grace_ms = kLongMs;
    Pod pod(settings);
    Controller controller(pod);
    run_first(controller, "linger");
    pod.signal(SIGTERM);
    ASSERT_TRUE(until([&] { return pod.logged("worker 0 drain") == 1; }));
    const pid_t first = pod.steward_pid();
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    EXPECT_TRUE(until([&] { return pod.live().pod().steward_starts == 2; }));
    EXPECT_EQ(pod.live().worker(0).starts, 1U);
    pod.signal(SIGTERM);  // impatient
    EXPECT_EQ(pod.exit_code(), 0);
}

TEST(Drain, WaitsNotReadyButServing) {
    Settings settings;
    settings.clocks.drain_wait_ms = kLongMs;
    Pod pod(settings);
    Controller controller(pod);
    run_first(controller, "one");
    const pid_t worker = pod.worker_pid();
    const live::Mapping& live = pod.live();
    pod.signal(SIGTERM);
    ASSERT_TRUE(until([&] { return live.pod().draining == 1; }));
    EXPECT_EQ(pod.worker_pid(), worker);
    controller.publish(2, "two", "e2");
    EXPECT_EQ(controller.next().kind, MessageKind::running) << "everything goes on";
    EXPECT_EQ(pod.logged("worker 0 drain"), 0U);
    ASSERT_EQ(::kill(worker, SIGKILL), 0);
    EXPECT_TRUE(until([&] { return pod.worker_pid() != worker; })) << "even restarts";
    pod.signal(SIGTERM);  // impatient
    EXPECT_EQ(pod.exit_code(), 0);
}

TEST(Drain, BeginsWhenTheWaitIsOver) {
    Settings settings;
    settings.clocks.drain_wait_ms = 50;
    Pod pod(settings);
    Controller controller(pod);
    run_first(controller, "one");
    pod.signal(SIGTERM);
    EXPECT_EQ(pod.exit_code(), 0);
    EXPECT_EQ(pod.logged("worker 0 drain"), 1U);
}

TEST(Drain, EndsWithTheGracePeriod) {
    Settings settings;
    settings.clocks.grace_ms = 50;
    Pod pod(settings);
    Controller controller(pod);
    run_first(controller, "linger");
    const pid_t worker = pod.worker_pid();
    pod.signal(SIGTERM);
    EXPECT_EQ(pod.exit_code(), 0);
    EXPECT_TRUE(is_gone(worker));
}

TEST(Drain, DoesNotWaitForOneThatIsStuck) {
    Settings settings;
    settings.clocks.grace_ms = kLongMs;
    settings.clocks.kill_ticks = 2;
    Pod pod(settings);
    Controller controller(pod);
    run_first(controller, "one");
    ASSERT_EQ(::kill(pod.worker_pid(), SIGSTOP), 0);
    pod.signal(SIGTERM);
    EXPECT_EQ(pod.exit_code(), 0);
}

TEST(Drain, DoesNotWaitForThoseInBackOff) {
    Settings settings;
    settings.program = "/nowhere";
    settings.clocks.restart_ms = kLongMs;
    settings.clocks.restart_most_ms = kLongMs;
    Pod pod(settings);
    ASSERT_TRUE(until([&] { return children_of(pod.pid()).empty(); }));
    pod.signal(SIGTERM);
    EXPECT_EQ(pod.exit_code(), 0);
}

TEST(Leaks, NothingStaysOpenAndNobodyStaysUnburied) {
    Settings settings;
    settings.clocks.restart_ms = 1;
    settings.clocks.restart_most_ms = 1;
    const Pod pod(settings);
    auto controller = std::make_unique<Controller>(pod);
    run_first(*controller, "one");
    const size_t before = descriptors_of(pod.pid());
    uint64_t generation = 1;
    for (int round = 0; round < 10; ++round) {
        controller->publish(++generation, "poison", "e");
        EXPECT_EQ(controller->next().kind, MessageKind::refused);
        controller->publish(++generation, "bad", "e");
        EXPECT_EQ(controller->next().kind, MessageKind::refused);
        controller->publish(++generation, "good" + std::to_string(round), "e");
        EXPECT_EQ(controller->next().kind, MessageKind::running);
        controller->publish(generation, "stale", "e");
        EXPECT_EQ(controller->next().kind, MessageKind::refused);
        const pid_t worker = pod.worker_pid();
        ASSERT_EQ(::kill(worker, SIGKILL), 0);
        ASSERT_TRUE(until([&] { return pod.worker_pid() != worker; }));
        controller = std::make_unique<Controller>(pod);
        EXPECT_EQ(controller->next().kind, MessageKind::hello);
        EXPECT_EQ(controller->next().kind, MessageKind::running);
    }
    EXPECT_TRUE(until([&] { return descriptors_of(pod.pid()) == before; }))
        << before << " before, now " << descriptors_of(pod.pid());
    EXPECT_EQ(children_of(pod.pid()).size(), 2U);
    for (const pid_t pid : children_of(pod.pid()))
        EXPECT_EQ(proc_file(pid, "stat").find(") Z "), std::string::npos);
}

TEST(Start, EveryKindOfListenerHasItsPlace) {
    const std::string folder = new_folder();
    Settings settings;
    settings.listen = {"127.0.0.1:0"};
    settings.listen_proxy = {"127.0.0.1:0"};
    settings.admin = {"127.0.0.1:0", "127.0.0.1:0"};
    settings.admin_path = folder + "/admin";
    settings.steward_arguments = {"--log", "off"};
    settings.worker_arguments = {"--no-log"};
    {
        const Pod pod(settings);
        EXPECT_EQ(pod.addresses().size(), 4U) << "two listen, two are for admin clients";
        Controller controller(pod);
        run_first(controller, "one");
        EXPECT_EQ(
            pod.logged(
                "start worker --channel 3 --live 4 --log-wake 5 --index 0 --first-listener 6 "
                "--listeners 2 --listeners-per-worker 2 --proxy-listener 1 --no-log"
            ),
            1U
        );
        EXPECT_EQ(
            pod.logged("start steward --channel 3 --live 4 --log-wake 5 --admin 6 --admin 7 "
                       "--admin-socket 8 --log off"),
            1U
        );
        struct stat status{};
        ASSERT_EQ(::stat(settings.admin_path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07777, 0600U);
    }
    ::unlink(settings.admin_path.c_str());
    ::rmdir(folder.c_str());
}

TEST(Start, AnAdminAddressInUseIsAnError) {
    Settings settings;
    settings.admin = {"127.0.0.1:0"};
    const Pod first(settings);
    settings.admin = {first.addresses().back()};
    Pod second(settings);
    EXPECT_EQ(second.exit_code(), 1);
    EXPECT_NE(second.said().find("--admin " + settings.admin[0]), std::string::npos);
}

TEST(Start, AnAddressInUseIsAnError) {
    const Pod first;
    Settings settings;
    settings.listen = first.addresses();
    Pod second(settings);
    EXPECT_EQ(second.exit_code(), 1);
    EXPECT_NE(second.said().find("--listen " + first.addresses()[0]), std::string::npos);
    EXPECT_NE(second.said().find("already in use; choose another port"), std::string::npos);
}

}  // namespace
}  // namespace sluice::supervisor
