// One worker: one process, one thread, one event loop. Wires listeners, table, pool and exchanges;
// the supervisor starts it with inherited descriptors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/worker/budget.h"
#include "table/limits.h"

namespace sluice::worker {

struct Settings {
    uint32_t index = 0;
    int channel = -1;   // SOCK_SEQPACKET to the supervisor: publish in, running out
                        // (table/channel.h)
    int live = -1;      // the shared mapping (proxy/live)
    int log_wake = -1;  // eventfd: tells the steward that a log ring fills
    // Listening sockets of all workers, non-blocking: worker 0's in the order of --listen, then
    // worker 1's, …
    std::vector<int> listeners;
    uint32_t listeners_per_worker = 1;
    // Which of a worker's listeners speak the PROXY protocol, by place; empty = none.
    std::vector<uint32_t> proxy_listeners;
    std::vector<std::string> trusted;      // CIDRs of hops whose X-Forwarded-For is believed
    bool log = true;                       // write access log records
    uint32_t log_sample = 1;               // one in so many of the requests that went well
    std::vector<std::string> log_headers;  // request headers that are logged, lower case
    size_t connections_per_source = limits::kConnectionsPerSource;
    int64_t head_timeout_s = 10;  // from a request head's first byte to its last
    uint64_t client_min_rate = limits::kPaceBytesPerSecond;  // bytes a second; 0 = any
    MemoryBudget memory;
};

// Runs until the channel closes or a drain ends; returns the process's exit code.
int run(const Settings& settings);

}  // namespace sluice::worker
