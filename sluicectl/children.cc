// fork, exec, wait: by pid, and with signals reset to what a fresh program expects.
#include "sluicectl/children.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <poll.h>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::ctl {
namespace {

constexpr int64_t kFirstPauseNs = 100'000'000;
constexpr int64_t kLongestPauseNs = 5'000'000'000;
constexpr int kQuietMs = 300;  // an end that takes no longer is not worth a word

// In the child, after fork: only what is safe there.
[[noreturn]] void become(char* const* argv, int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(125);  // it died before we asked
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(output, STDOUT_FILENO);
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(nothing, STDIN_FILENO);
    // An own group: Ctrl-C reaches us alone, and we end the children in order.
    ::setpgid(0, 0);
    ::execv(argv[0], argv);
    ::_exit(127);
}

int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Waits until the process ends, somebody hurries (-1: nobody does) or the time is over; true when
// there is nothing more to wait for. The process is not reaped.
bool await_end(pid_t pid, int64_t timeout_ms, int hurry) {
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (handle < 0) return true;
    std::array<pollfd, 2> wanted{{{handle, POLLIN, 0}, {hurry, POLLIN, 0}}};
    const auto at_most_ms = static_cast<int>(std::max<int64_t>(timeout_ms, 0));
    const bool over = ::poll(wanted.data(), wanted.size(), at_most_ms) != 0;
    ::close(handle);
    return over;
}

void await_first(pid_t pid, const Patience& patience) {
    const int quiet_ms = std::min(patience.first_ms, kQuietMs);
    if (await_end(pid, quiet_ms, patience.hurry)) return;
    if (!patience.notice.empty()) std::fprintf(stderr, "%s\n", patience.notice.c_str());
    await_end(pid, patience.first_ms - quiet_ms, patience.hurry);
}

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace

int64_t restart_pause_ns(unsigned failures) {
    int64_t pause = kFirstPauseNs;
    for (unsigned i = 1; i < failures && pause < kLongestPauseNs; ++i) pause *= 2;
    return std::min(pause, kLongestPauseNs);
}

Children::~Children() {
    end({.first_ms = 1000, .rest_ms = 1000});
}

size_t Children::start(
    std::vector<std::string> argv, bool piped, int64_t now, const std::string& detail
) {
    const std::string name = file_name(argv.front()) + (detail.empty() ? "" : " " + detail);
    children_.push_back({.name = name, .argv = std::move(argv), .piped = piped});
    launch(children_.back(), now);
    return children_.size() - 1;
}

void Children::launch(Child& child, int64_t now) {
    std::array<int, 2> pipe{-1, -1};
    if (child.piped) {
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0) pipe = {-1, -1};
        ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    } else {
        pipe[1] = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    }
    std::vector<char*> argv;
    for (std::string& word : child.argv) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t parent = ::getpid();
    child.pid = ::fork();
    if (child.pid == 0) become(argv.data(), pipe[1], parent);
    ::close(pipe[1]);
    child.output = pipe[0];
    child.started = now;
    if (child.pid > 0) return;
    // No process to be had: try again as after a failed start.
    child.pid = -1;
    child.restart_at = now + restart_pause_ns(++child.failures);
}

bool Children::reap(Child& child, int64_t now) {
    if (::waitpid(child.pid, &child.status, WNOHANG) != child.pid) return false;
    child.pid = -1;
    ::close(child.output);
    child.output = -1;
    child.failures = now - child.started >= kHealthyNs ? 1 : child.failures + 1;
    child.restart_at = now + restart_pause_ns(child.failures);
    return true;
}

std::vector<std::string> Children::step(int64_t now) {
    std::vector<std::string> ends;
    for (Child& child : children_) {
        if (child.pid > 0 && reap(child, now)) {
            const int64_t pause_ms = (child.restart_at - now) / 1'000'000;
            ends.push_back(
                last_end(child) + "; starting again in " + std::to_string(pause_ms) + " ms"
            );
        }
        if (child.pid < 0 && now >= child.restart_at) launch(child, now);
    }
    return ends;
}

std::optional<int64_t> Children::due() const {
    std::optional<int64_t> first;
    for (const Child& child : children_) {
        if (child.pid < 0 && (!first || child.restart_at < *first)) first = child.restart_at;
    }
    return first;
}

std::string Children::read_output(size_t child) {
    int& output = children_[child].output;
    std::string text;
    std::array<char, 4096> bytes;
    while (output >= 0) {
        const ssize_t got = ::read(output, bytes.data(), bytes.size());
        if (got < 0) break;
        text.append(bytes.data(), static_cast<size_t>(got));
        if (got > 0) continue;
        ::close(output);  // its end: nothing to wait for any more
        output = -1;
    }
    return text;
}

std::string Children::last_end(const Child& child) {
    const std::string text = child.name + ": ";
    if (WIFSIGNALED(child.status)) return text + "signal " + std::to_string(WTERMSIG(child.status));
    return text + "exit code " + std::to_string(WEXITSTATUS(child.status));
}

void Children::end(const Patience& patience) {
    if (!children_.empty() && children_.front().pid > 0) {
        ::kill(children_.front().pid, SIGTERM);
        await_first(children_.front().pid, patience);
    }
    // The first once more: a proxy that drains takes the second signal for "now".
    for (const Child& child : children_) {
        if (child.pid > 0) ::kill(child.pid, SIGTERM);
    }
    const int64_t give_up_ms = now_ms() + patience.rest_ms;
    for (Child& child : children_) {
        if (child.pid <= 0) continue;
        await_end(child.pid, give_up_ms - now_ms(), -1);
        if (::waitpid(child.pid, &child.status, WNOHANG) == 0) {
            ::kill(child.pid, SIGKILL);
            ::waitpid(child.pid, &child.status, 0);
        }
        ::close(child.output);
    }
    children_.clear();
}

}  // namespace sluice::ctl
