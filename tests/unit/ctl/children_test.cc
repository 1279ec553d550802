// Children start, end, come back after a pause, and never outlive the command.
#include "sluicectl/children.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>

#include <sys/prctl.h>
#include <sys/syscall.h>
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
        children.end(100);
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
