// A process of the pod as the hand-over sees it: its name, its number, and the way to talk to it.
#pragma once

#include <climits>
#include <csignal>
#include <poll.h>
#include <string>

#include <sys/types.h>
#include <unistd.h>

#include "table/channel.h"

namespace sluice::handover {

struct Process {
    std::string name;           // "worker 0", for people
    pid_t pid = -1;             // not alive: -1
    table::Descriptor channel;  // our end; closed once the process's is

    bool alive() const { return pid > 0; }
};

// Does nothing when it is not alive.
inline void kill_now(const Process& process) {
    if (process.alive()) ::kill(process.pid, SIGKILL);
}

// One line on standard error. Not where it would wait: whoever gave us a pipe and stopped reading
// it loses sentences, not a pod that restarts its workers and obeys its signals.
inline void say(const std::string& line) {
    const std::string text = ("sluice-proxy: " + line).substr(0, PIPE_BUF - 1) + "\n";
    pollfd writable{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&writable, 1, 0) != 1 || (writable.revents & POLLOUT) == 0) return;
    // A pipe that is writable has room for so much at once.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace sluice::handover
