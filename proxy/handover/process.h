// A process of the pod as the hand-over sees it: its name, its number, and the way to talk to it.
#pragma once

#include <csignal>
#include <cstdio>
#include <string>

#include <sys/types.h>

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

// One line on standard error.
inline void say(const std::string& line) {
    std::fprintf(stderr, "sluice-proxy: %s\n", line.c_str());
}

}  // namespace sluice::handover
