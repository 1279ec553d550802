// The parent: sockets, processes, hand-over, nothing else. One thread, no HTTP, no JSON, no Asio. It must never
// die.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::supervisor {

struct Settings {
    std::vector<std::string> listen;  // "127.0.0.1:8080", "[::]:8080"; port 0 = from the kernel
    std::string control_path;         // unix socket for the controller
    uint32_t workers = 1;
    std::string program;              // re-executed with the hidden roles "steward" and "worker"
};

// Prints "listening <address>" per listener on standard output once bound. Returns the exit code.
int run(const Settings& settings);

}  // namespace sluice::supervisor
