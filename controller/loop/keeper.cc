// fork and wait, nothing else.
#include "controller/loop/keeper.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::loop {
namespace {

constexpr int64_t kFirstPauseMs = 100;
constexpr int64_t kLongestPauseMs = 5000;
constexpr int64_t kEndMs = 5000;         // for a child that was told to stop
constexpr int64_t kHealthySeconds = 10;  // a life this long clears the crashes before it

int64_t now_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

sigset_t watched_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&signals, number);
    return signals;
}

// The next of the watched signals, or 0 after the time.
int next_signal(int64_t timeout_ms) {
    const sigset_t signals = watched_signals();
    const timespec patience{
        .tv_sec = timeout_ms / 1000, .tv_nsec = (timeout_ms % 1000) * 1'000'000
    };
    const int number = ::sigtimedwait(&signals, nullptr, &patience);
    return number > 0 ? number : 0;
}

[[noreturn]] void be_child(const std::function<int()>& work, pid_t parent, const sigset_t& mask) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    if (::getppid() != parent) std::exit(0);  // it died before we asked
    std::exit(work());
}

// Waits for the child; passes SIGTERM on once and then has limited patience. True: it was told to
// stop.
bool watch(pid_t child, int& status) {
    bool told = false;
    for (;;) {
        if (::waitpid(child, &status, WNOHANG) == child) return told;
        const int number = next_signal(told ? kEndMs : 60'000);
        if (number == 0 && told) ::kill(child, SIGKILL);
        if (number == 0 || number == SIGCHLD) continue;
        ::kill(child, SIGTERM);
        told = true;
    }
}

// True when a signal to stop came meanwhile.
bool pause_for(int64_t pause_ms) {
    const int number = next_signal(pause_ms);
    return number == SIGTERM || number == SIGINT;
}

}  // namespace

int64_t keeper_pause_ms(unsigned crashes) {
    int64_t pause = kFirstPauseMs;
    for (unsigned i = 1; i < crashes && pause < kLongestPauseMs; ++i) pause *= 2;
    return std::min(pause, kLongestPauseMs);
}

int keep(const std::function<int()>& work) {
    sigset_t before;
    const sigset_t signals = watched_signals();
    ::sigprocmask(SIG_BLOCK, &signals, &before);
    ::signal(SIGHUP, SIG_IGN);  // the child inherits that
    const pid_t self = ::getpid();
    unsigned crashes = 0;
    for (;;) {
        const int64_t started = now_seconds();
        const pid_t child = ::fork();
        if (child == 0) be_child(work, self, before);
        int status = 0;
        if (child > 0) {
            const bool told = watch(child, status);
            const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            if (told || code == 0) return 0;
            if (code == kCannotStart) return code;
        }
        crashes = now_seconds() - started >= kHealthySeconds ? 1 : crashes + 1;
        if (pause_for(keeper_pause_ms(crashes))) return 0;
    }
}

}  // namespace sluice::loop
