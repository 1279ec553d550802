// fork, exec and back-off.
#include "proxy/supervisor/child.h"

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace sluice::supervisor {
namespace {

constexpr int kFirstDescriptor = 3;
constexpr int kExecFailed = 127;

// descriptors[i] becomes 3 + i, all others go. First out of the way, so that no place is taken.
bool place_descriptors(const std::vector<int>& descriptors) {
    const int count = static_cast<int>(descriptors.size());
    std::vector<int> moved;
    for (const int fd : descriptors)
        moved.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstDescriptor + count));
    for (int i = 0; i < count; ++i) {
        if (::dup2(moved[static_cast<size_t>(i)], kFirstDescriptor + i) < 0) return false;
    }
    return ::close_range(static_cast<unsigned>(kFirstDescriptor + count), ~0U, 0) == 0;
}

[[noreturn]] void become(
    const std::string& program,
    std::vector<std::string> arguments,
    const std::vector<int>& descriptors,
    pid_t parent
) {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE}) ::signal(signal, SIG_IGN);
    const rlimit no_core{0, 0};
    const bool confined = ::setrlimit(RLIMIT_CORE, &no_core) == 0 &&
                          ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                          ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;
    // The parent may have died before it was asked for.
    if (!confined || ::getppid() != parent || !place_descriptors(descriptors)) {
        ::_exit(kExecFailed);
    }
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(program.c_str(), argv.data());
    ::_exit(kExecFailed);
}

}  // namespace

bool start(Child& child, const std::string& program, int64_t now_ms) {
    child.started_ms = now_ms;
    auto ends = table::pair();
    if (!ends) return false;
    std::vector<std::string> arguments{"sluice-proxy"};
    arguments.insert(arguments.end(), child.arguments.begin(), child.arguments.end());
    std::vector<int> descriptors{(*ends)[1].get()};
    descriptors.insert(descriptors.end(), child.inherited.begin(), child.inherited.end());
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) become(program, std::move(arguments), descriptors, parent);
    if (pid < 0) return false;
    child.pid = pid;
    child.channel = std::move((*ends)[0]);
    return true;
}

void schedule_restart(Child& child, const Clocks& clocks, int64_t now_ms) {
    const bool settled = now_ms - child.started_ms >= clocks.settled_ms;
    const bool first = child.delay_ms == 0 || settled;
    child.delay_ms =
        first ? clocks.restart_ms : std::min(2 * child.delay_ms, clocks.restart_most_ms);
    child.start_at_ms = now_ms + child.delay_ms;
    child.pid = -1;
    child.channel = table::Descriptor();
}

}  // namespace sluice::supervisor
