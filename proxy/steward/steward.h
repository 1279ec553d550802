// The one process of the proxy that does what a pod needs once: verifies tables, keeps the last
// good copy, allocates slots, answers health and metrics, writes the access log. If it dies traffic
// goes on and the supervisor restarts it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::steward {

struct LogSettings {
    // "off", "stdout", "file:PATH", "syslog" (the machine's socket), "syslog:PATH" or
    // "syslog:udp:ADDRESS:PORT".
    std::string sink = "stdout";
    std::vector<std::string> headers;  // request headers that are logged, lower case
};

struct AdminSettings {
    std::vector<int> listeners;  // TCP, listening, non-blocking
    int socket = -1;             // unix, listening, non-blocking
    std::string token_file;      // "" = what needs a token is served on the unix socket only
};

struct Settings {
    int channel = -1;   // SOCK_SEQPACKET to the supervisor
    int live = -1;      // the shared mapping
    int log_wake = -1;  // eventfd: workers say that a ring fills
    std::string state;  // directory of the last good copy; "" = none is kept
    std::string build;  // version, for people
    LogSettings log;
    AdminSettings admin;
};

// Runs until the channel closes; returns the process's exit code.
int run(const Settings& settings);

}  // namespace sluice::steward
