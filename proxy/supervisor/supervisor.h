// The parent: sockets, processes, hand-over, nothing else. One thread, no HTTP, no JSON, no Asio.
// It must never die.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::supervisor {

// How long things may take; tests shorten them.
struct Clocks {
    int64_t grace_ms = 30'000;        // from SIGTERM until workers are killed
    int64_t late_ms = 5'000;          // until a worker that does not answer is reported
    int64_t verify_ms = 10'000;       // until a steward that does not answer is killed
    int64_t redeliver_ms = 1'000;     // until a worker that refused a table gets it again
    int64_t restart_ms = 50;          // first wait before a dead process is started again …
    int64_t restart_most_ms = 5'000;  // … which doubles up to this …
    int64_t settled_ms = 10'000;      // … and begins anew after it lived this long
};

struct Settings {
    std::vector<std::string> listen;  // "127.0.0.1:8080", "[::]:8080"; port 0 = from the kernel
    std::string control_path;         // unix socket for the controller
    uint32_t workers = 1;
    std::string program;  // re-executed with the hidden roles "steward" and "worker"
    std::string build;    // version, for hello
    Clocks clocks;
};

// Prints "listening <address>" per listener on standard output once bound. Returns the exit code: 0
// after a drain, 1 when it could not start (standard error says why).
int run(const Settings& settings);

}  // namespace sluice::supervisor
