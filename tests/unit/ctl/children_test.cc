// Children start, end, come back after a pause, and never outlive the command.
#include "sluicectl/children.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::ctl {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

// Waits for a process's end without reaping it.
void await_end(pid_t pid) {
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    ASSERT_GE(handle, 0);
    pollfd ended{handle, POLLIN, 0};
    EXPECT_EQ(::poll(&ended, 1, 10'000), 1);
    ::close(handle);
}

std::string await_output(Children& children, size_t child) {
    std::string text;
    while (children.output(child) >= 0) {
        pollfd readable{children.output(child), POLLIN, 0};
        if (::poll(&readable, 1, 10'000) != 1) break;
        text += children.read_output(child);
    }
    return text;
}

TEST(RestartPause, doubles_from_100_ms_to_5_s) {
    EXPECT_EQ(restart_pause_ns(1), 100 * kNsPerMs);
    EXPECT_EQ(restart_pause_ns(2), 200 * kNsPerMs);
    EXPECT_EQ(restart_pause_ns(6), 3200 * kNsPerMs);
    EXPECT_EQ(restart_pause_ns(7), 5000 * kNsPerMs);
    EXPECT_EQ(restart_pause_ns(4'000'000'000u), 5000 * kNsPerMs);
}

TEST(Children, output_of_a_piped_child_and_its_end) {
    Children children;
    const size_t child = children.start({"/bin/sh", "-c", "echo hello; exit 3"}, true, 0);
    const pid_t pid = children.pid(child);
    EXPECT_EQ(await_output(children, child), "hello\n");
    await_end(pid);
    children.step(1);
    EXPECT_EQ(children.pid(child), -1);
    EXPECT_EQ(children.failures(child), 1u);
    EXPECT_EQ(children.last_end(child), "sh: exit code 3");
}

TEST(Children, comes_back_when_its_pause_is_over_and_not_before) {
    Children children;
    const size_t child = children.start({"/bin/sh", "-c", "exit 0"}, false, 0);
    await_end(children.pid(child));
    EXPECT_FALSE(children.due());
    children.step(10);
    ASSERT_EQ(children.due(), 10 + 100 * kNsPerMs);
    children.step(*children.due() - 1);
    EXPECT_EQ(children.pid(child), -1);
    children.step(10 + 100 * kNsPerMs);
    EXPECT_GT(children.pid(child), 0);
    EXPECT_FALSE(children.due());
}

TEST(Children, failures_in_a_row_pause_longer_and_a_long_life_forgets_them) {
    Children children;
    const size_t child = children.start({"/bin/sh", "-c", "exit 0"}, false, 0);
    int64_t now = 0;
    for (unsigned failures = 1; failures <= 3; ++failures) {
        await_end(children.pid(child));
        children.step(now);
        ASSERT_EQ(children.failures(child), failures);
        ASSERT_EQ(children.due(), now + restart_pause_ns(failures));
        now = *children.due();
        children.step(now);
    }
    await_end(children.pid(child));
    children.step(now + kHealthyNs);
    EXPECT_EQ(children.failures(child), 1u);
}

TEST(Children, the_next_start_uses_changed_arguments) {
    Children children;
    const size_t child = children.start({"/bin/sh", "-c", "echo one"}, true, 0);
    await_end(children.pid(child));
    children.argv(child)[2] = "echo two";
    children.step(0);
    children.step(*children.due());
    EXPECT_EQ(await_output(children, child), "two\n");
}

TEST(Children, a_program_that_is_not_there_is_a_failure) {
    Children children;
    const size_t child = children.start({"/nowhere/sluice-proxy"}, true, 0);
    await_end(children.pid(child));
    children.step(0);
    EXPECT_EQ(children.last_end(child), "sluice-proxy: exit code 127");
}

TEST(Children, a_signal_is_named) {
    Children children;
    const size_t child = children.start({"/bin/sleep", "60"}, false, 0);
    ::kill(children.pid(child), SIGKILL);
    await_end(children.pid(child));
    children.step(0);
    EXPECT_EQ(children.last_end(child), "sleep: signal 9");
}

TEST(Children, an_end_is_told_once_with_the_pause) {
    Children children;
    const size_t child = children.start({"/bin/sleep", "60"}, false, 0, "127.0.0.1:18001");
    EXPECT_TRUE(children.step(0).empty());
    ::kill(children.pid(child), SIGKILL);
    await_end(children.pid(child));
    EXPECT_EQ(
        children.step(1),
        std::vector<std::string>{"sleep 127.0.0.1:18001: signal 9; starting again in 100 ms"}
    );
    EXPECT_TRUE(children.step(2).empty());
}

// A shell that says when its trap is set, what it hears, and ends at the second SIGTERM only.
std::vector<std::string> draining() {
    return {
        "/bin/sh",
        "-c",
        "trap 'test -n \"$heard\" && exit; heard=1' TERM; echo ready; "
        "while :; do sleep 60 & wait; kill $!; done"
    };
}

// Leaves a note when it is asked to end, which a killed program cannot.
std::vector<std::string> tidy(const std::string& note) {
    return {
        "/bin/sh",
        "-c",
        "trap 'echo tidy >" + note + "; kill $!; exit' TERM; echo ready; sleep 60 & wait"
    };
}

void await_ready(Children& children, size_t child) {
    pollfd ready{children.output(child), POLLIN, 0};
    ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
}

// How long the end took of a first child that drains and a second that needs to tidy up.
int64_t time_to_end_ms(const Patience& patience) {
    const std::string note = ::testing::TempDir() + "note-" + std::to_string(::getpid());
    ::unlink(note.c_str());
    Children children;
    await_ready(children, children.start(draining(), true, 0));
    await_ready(children, children.start(tidy(note), true, 0));
    const auto start = std::chrono::steady_clock::now();
    children.end(patience);
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_TRUE(std::ifstream(note).good()) << "the second was killed";
    ::unlink(note.c_str());
    return std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
}

TEST(Children, the_first_takes_nothing_from_the_time_of_the_others) {
    ::testing::internal::CaptureStderr();
    const int64_t took_ms =
        time_to_end_ms({.first_ms = 500, .rest_ms = 20'000, .notice = "waiting for streams"});
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "waiting for streams\n");
    EXPECT_GE(took_ms, 500);
    EXPECT_LT(took_ms, 15'000) << "the first heard its second signal";
}

TEST(Children, nobody_waits_for_the_first_when_somebody_hurries) {
    // Readable a little later, as a second Ctrl-C is: two signals at once would be one.
    const int hurry = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 200'000'000}};
    ASSERT_EQ(::timerfd_settime(hurry, 0, &soon, nullptr), 0);
    ::testing::internal::CaptureStderr();
    EXPECT_LT(time_to_end_ms({.first_ms = 30'000, .rest_ms = 20'000, .hurry = hurry}), 15'000);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    ::close(hurry);
}

TEST(Children, all_are_ended_with_the_command) {
    pid_t polite = 0;
    pid_t deaf = 0;
    {
        Children children;
        polite = children.pid(children.start({"/bin/sleep", "60"}, false, 0));
        const size_t child =
            children.start({"/bin/sh", "-c", "trap '' TERM; echo ready; exec sleep 60"}, true, 0);
        deaf = children.pid(child);
        pollfd ready{children.output(child), POLLIN, 0};
        ASSERT_EQ(::poll(&ready, 1, 10'000), 1);
        children.end({.first_ms = 10'000, .rest_ms = 100});
        EXPECT_EQ(children.size(), 0u);
    }
    EXPECT_EQ(::kill(polite, 0), -1);
    EXPECT_EQ(::kill(deaf, 0), -1);
}

// The command itself is killed: its children get SIGTERM from the kernel.
TEST(Children, none_outlives_a_killed_command) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // so that we may wait for the orphan
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t command = ::fork();
    if (command == 0) {
        Children children;
        const size_t up = children.start({"/bin/sh", "-c", "echo up; exec sleep 60"}, true, 0);
        pollfd said{children.output(up), POLLIN, 0};
        const pid_t child = ::poll(&said, 1, 10'000) == 1 ? children.pid(up) : -1;
        if (::write(pipe[1], &child, sizeof child) != sizeof child) ::_exit(1);
        ::pause();
        ::_exit(0);
    }
    pid_t orphan = 0;
    ASSERT_EQ(::read(pipe[0], &orphan, sizeof orphan), static_cast<ssize_t>(sizeof orphan));
    ::kill(command, SIGKILL);
    ::waitpid(command, nullptr, 0);
    int status = 0;
    ASSERT_EQ(::waitpid(orphan, &status, 0), orphan);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(WTERMSIG(status), SIGTERM);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

}  // namespace
}  // namespace sluice::ctl
