// One process of ours: its program and descriptors, its channel, and when it is started again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/handover/process.h"
#include "proxy/supervisor/supervisor.h"

namespace sluice::supervisor {

using handover::kill_now;
using handover::say;

struct Child : handover::Process {
    std::vector<std::string> arguments;  // behind the program's name
    std::vector<int> inherited;          // become descriptors 4, 5, …; the channel is 3

    int64_t started_ms = 0;
    int64_t start_at_ms = 0;  // when it is not alive
    int64_t delay_ms = 0;     // of the last wait
};

// Forks and executes. The child dies with its parent, gains no privileges, leaves no core, and
// leaves SIGTERM, SIGINT, SIGHUP and SIGUSR1 to its parent, who drains it or has its log reopened.
// False: it counts as having died at once.
bool start(Child& child, const std::string& program, int64_t now_ms);

// It is gone (and reaped): when to start it again.
void schedule_restart(Child& child, const Clocks& clocks, int64_t now_ms);

}  // namespace sluice::supervisor
