// A process of the pod as the hand-over sees it: its name, its number, and the way to talk to it.
#pragma once

#include <csignal>
#include <string>

#include <sys/types.h>

#include "proxy/notice/notice.h"
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

using notice::say;

}  // namespace sluice::handover
