// The first process starts its child again after a crash, and ends with it otherwise.
#include "controller/loop/keeper.h"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace sluice::loop {
namespace {

// Runs keep() in a process of its own; its child writes one byte per start into a pipe.
class Kept {
public:
    explicit Kept(int (*life)()) {
        EXPECT_EQ(::pipe(pipe_), 0);
        pid_ = ::fork();
        if (pid_ != 0) return;
        const int code = keep([this, life] {
            const char byte = '.';
            if (::write(pipe_[1], &byte, 1) != 1) return 99;
            return life();
        });
        ::_exit(code);
    }
    ~Kept() {
        ::close(pipe_[0]);
        ::close(pipe_[1]);
    }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;

    // Waits until the child has been started once more.
    void await_start() const {
        char byte = 0;
        ASSERT_EQ(::read(pipe_[0], &byte, 1), 1);
    }
    void signal(int number) const { ::kill(pid_, number); }
    int code() const {
        int status = 0;
        EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    int pipe_[2];
    pid_t pid_ = -1;
};

int until_signal() {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &stop, nullptr);
    int got = 0;
    ::sigwait(&stop, &got);
    return 0;
}

TEST(KeeperPause, doubles_from_100_ms_to_5_s) {
    EXPECT_EQ(keeper_pause_ms(1), 100);
    EXPECT_EQ(keeper_pause_ms(2), 200);
    EXPECT_EQ(keeper_pause_ms(6), 3200);
    EXPECT_EQ(keeper_pause_ms(7), 5000);
    EXPECT_EQ(keeper_pause_ms(4'000'000'000u), 5000);
}

TEST(Keeper, success_and_cannot_start_end_it) {
    Kept success([] { return 0; });
    success.await_start();
    EXPECT_EQ(success.code(), 0);
    Kept hopeless([] { return kCannotStart; });
    hopeless.await_start();
    EXPECT_EQ(hopeless.code(), kCannotStart);
}

TEST(Keeper, a_crash_is_followed_by_a_new_start) {
    Kept kept([]() -> int {
        ::kill(::getpid(), SIGKILL);
        return 0;
    });
    for (int starts = 0; starts < 3; ++starts) kept.await_start();
    kept.signal(SIGTERM);
    EXPECT_EQ(kept.code(), 0);
}

TEST(Keeper, another_exit_code_is_a_crash) {
    Kept kept([] { return 1; });
    for (int starts = 0; starts < 2; ++starts) kept.await_start();
    kept.signal(SIGINT);
    EXPECT_EQ(kept.code(), 0);
}

TEST(Keeper, a_hangup_ends_neither_process) {
    Kept kept([]() -> int {
        ::kill(::getpid(), SIGHUP);
        ::kill(::getppid(), SIGHUP);
        return kCannotStart;  // what the keeper passes on only when both outlived it
    });
    kept.await_start();
    EXPECT_EQ(kept.code(), kCannotStart);
}

TEST(Keeper, signals_reach_the_child) {
    for (const int number : {SIGTERM, SIGINT}) {
        Kept kept(until_signal);
        kept.await_start();
        kept.signal(number);
        EXPECT_EQ(kept.code(), 0);
    }
}

}  // namespace
}  // namespace sluice::loop
