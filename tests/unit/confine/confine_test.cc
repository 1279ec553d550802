// What a confined process may and may not do, each asked in a child of its own.
#include "proxy/confine/confine.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sluice::confine {
namespace {

constexpr int kAllowed = 0;
constexpr int kUnconfined = 99;

using Confine = tl::expected<void, std::string> (*)();

// How a child ends that is confined and then does this: its exit code (0, or an errno), or minus
// the signal that killed it.
int outcome(Confine confine, int (*action)()) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(confine() ? action() : kUnconfined);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int code_of(long result) {
    return result < 0 ? errno : kAllowed;
}

int execute() {
    char name[] = "/bin/true";
    char* const arguments[] = {name, nullptr};
    return code_of(::execv(name, arguments));
}

int open_to_write() {
    return code_of(::open("/dev/null", O_WRONLY));
}

int make_file() {
    return code_of(::open("/tmp/sluice-confine-test", O_RDONLY | O_CREAT, 0600));
}

int unix_socket() {
    return code_of(::socket(AF_UNIX, SOCK_STREAM, 0));
}

int packet_socket() {
    return code_of(::socket(AF_PACKET, SOCK_RAW, 0));
}

int netlink_socket() {
    return code_of(::socket(AF_NETLINK, SOCK_RAW, 0));
}

int executable_memory() {
    void* const memory =
        ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? errno : kAllowed;
}

int unshare_namespace() {
    return code_of(::syscall(SYS_unshare, 0));
}

// What a worker does all day.
int serve() {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int poller = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    const bool polled = ::epoll_ctl(poller, EPOLL_CTL_ADD, server, &event) == 0 &&
                        ::epoll_wait(poller, &event, 1, 0) >= 0;
    const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    char text[64];
    const bool readable = ::read(file, text, sizeof text) > 0;
    const std::string large(size_t{8} << 20, 'x');  // from the kernel, not the heap
    return server >= 0 && polled && readable && large.back() == 'x' ? kAllowed : EINVAL;
}

TEST(Worker, GoesOnWithItsWork) {
    EXPECT_EQ(outcome(worker, serve), kAllowed);
}

TEST(Worker, StartsNoProgram) {
    EXPECT_EQ(outcome(worker, execute), -SIGSYS);
}

TEST(Worker, StartsNoProcess) {
#ifdef SYS_fork
    EXPECT_EQ(outcome(worker, [] { return code_of(::syscall(SYS_fork)); }), -SIGSYS);
    EXPECT_EQ(outcome(worker, [] { return code_of(::syscall(SYS_vfork)); }), -SIGSYS);
#endif
#ifndef SLUICE_INSTRUMENTED
    EXPECT_EQ(outcome(worker, [] { return code_of(::fork()); }), EPERM);
    EXPECT_EQ(
        outcome(worker, [] { return code_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }),
        -SIGSYS
    );
#endif
}

TEST(Worker, OpensNothingToWrite) {
    EXPECT_EQ(outcome(worker, open_to_write), EPERM);
    EXPECT_EQ(outcome(worker, make_file), EPERM);
}

TEST(Worker, HasSocketsOfTheInternetOnly) {
    EXPECT_EQ(outcome(worker, unix_socket), EPERM);
    EXPECT_EQ(outcome(worker, packet_socket), EPERM);
    EXPECT_EQ(outcome(worker, netlink_socket), EPERM);
}

TEST(Worker, MakesNoMemoryExecutable) {
    EXPECT_EQ(outcome(worker, executable_memory), EPERM);
}

TEST(Steward, StartsNoProgram) {
    EXPECT_EQ(outcome(steward, execute), -SIGSYS);
}

TEST(Steward, HasThreadsFilesAndSocketsOfThisMachine) {
    const auto work = [] {
        int code = EINVAL;
        std::thread([&code] {
            const int file = ::open("/dev/null", O_WRONLY);
            code = file >= 0 ? unix_socket() : errno;
        }).join();
        return code;
    };
    EXPECT_EQ(outcome(steward, work), kAllowed);
}

TEST(Steward, LosesWhatTakesAMachineOver) {
    EXPECT_EQ(outcome(steward, packet_socket), EPERM);
    EXPECT_EQ(outcome(steward, netlink_socket), EPERM);
    EXPECT_EQ(outcome(steward, unshare_namespace), EPERM);
}

TEST(Both, GiveUpPrivilegesCoresAndTheirMemorysReaders) {
    const auto given_up = [] {
        rlimit core{1, 1};
        ::getrlimit(RLIMIT_CORE, &core);
        const bool all = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                         ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && core.rlim_max == 0;
        return all ? kAllowed : EINVAL;
    };
    EXPECT_EQ(outcome(steward, given_up), kAllowed);
}

TEST(Worker, GivesThemUpToo) {
    const auto given_up = [] {
        const bool all = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
                         ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
        return all ? kAllowed : EINVAL;
    };
    EXPECT_EQ(outcome(worker, given_up), kAllowed);
}

}  // namespace
}  // namespace sluice::confine
