// One worker: one process, one thread, one event loop. Wires listeners, table, pool and exchanges;
// the supervisor starts it with inherited descriptors.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::worker {

struct Settings {
    uint32_t index = 0;
    int channel =
        -1;  // SOCK_SEQPACKET to the supervisor: publish in, running out (table/channel.h)
    std::vector<int> listeners;  // listening sockets, non-blocking, in the order of --listen
};

// Runs until the channel closes or a drain ends; returns the process's exit code.
int run(const Settings& settings);

}  // namespace sluice::worker
