// The parent: sockets, processes, hand-over, the shared mapping, nothing else. One thread, no HTTP,
// no JSON, no Asio. It must never die.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/handover/handover.h"

namespace sluice::supervisor {

// How long things may take; tests shorten them.
struct Clocks {
    int64_t grace_ms = 30'000;        // from the end of drain_wait until workers are killed
    int64_t drain_wait_ms = 0;        // from SIGTERM, not ready but serving, until nobody listens
    int64_t restart_ms = 50;          // first wait before a dead process is started again …
    int64_t restart_most_ms = 5'000;  // … which doubles up to this …
    int64_t settled_ms = 10'000;      // … and begins anew after it lived this long
    int64_t tick_ms = 125;            // half a heartbeat: the supervisor looks at the beats
    uint32_t stuck_ticks = 6;         // ticks without a beat until a worker counts as stuck …
    uint32_t kill_ticks = 40;         // … and then until it is killed …
    uint32_t first_ticks = 40;        // … while one that starts has so many until its first beat
};

struct Settings {
    std::vector<std::string> listen;        // "127.0.0.1:8080", "[::]:8080"; port 0 = any
    std::vector<std::string> listen_proxy;  // the same, for clients that say who they are in the
                                            // PROXY protocol; their places follow those of listen
    std::string control_path;               // unix socket for the controller
    std::vector<std::string> admin;         // addresses of the steward's admin server
    std::string admin_path;                 // its unix socket; "" = none
    uint32_t workers = 1;
    std::string program;  // re-executed with the hidden roles "steward" and "worker"
    // Behind the words that the supervisor says: "--state DIR", "--trusted-hop CIDR" …
    std::vector<std::string> steward_arguments;
    std::vector<std::string> worker_arguments;
    handover::Settings handover;
    Clocks clocks;
};

// Prints on standard output once bound: "listening <address>" per listener, in the order of the
// settings, then "admin <address>" per admin address. Returns the exit code: 0 after a drain, 1
// when it could not start (standard error says why).
//
// The children's descriptors: 3 the channel, 4 the live mapping, 5 the log's eventfd; from 6 on a
// worker has the listeners of all workers, worker 0's first, the steward the admin listeners and
// then the admin socket.
int run(const Settings& settings);

}  // namespace sluice::supervisor
