// One process of ours: its program and descriptors, its channel, and when it is started again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "proxy/supervisor/supervisor.h"
#include "table/channel.h"

namespace sluice::supervisor {

struct Child {
    std::string name;                    // "worker 0", for people
    std::vector<std::string> arguments;  // behind the program's name
    std::vector<int> inherited;          // become descriptors 4, 5, …; the channel is 3

    pid_t pid = -1;
    table::Descriptor channel;  // our end; closed once the child's is
    int64_t started_ms = 0;
    int64_t start_at_ms = 0;  // when it is not alive
    int64_t delay_ms = 0;     // of the last wait

    bool alive() const { return pid > 0; }
};

// Forks and executes. The child dies with its parent, gains no privileges, leaves no core, and
// leaves SIGTERM, SIGINT and SIGHUP to its parent, who drains it. False: it counts as having died
// at once.
bool start(Child& child, const std::string& program, int64_t now_ms);

// It is gone (and reaped): when to start it again.
void schedule_restart(Child& child, const Clocks& clocks, int64_t now_ms);

// Does nothing when it is not alive.
void kill_now(const Child& child);

// One line on standard error.
void say(const std::string& line);

}  // namespace sluice::supervisor
