// The supervisor's command line: what may be said, what is wrong with what was said, and what its
// children are told of it.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "proxy/supervisor/supervisor.h"
#include "table/limits.h"

namespace CLI {
class App;
}

namespace sluice::options {

struct Options {
    std::vector<std::string> listen;
    std::vector<std::string> listen_proxy;
    std::vector<std::string> trusted_hops;
    size_t connections_per_source = limits::kConnectionsPerSource;
    int64_t client_head_timeout_s = 10;
    uint64_t client_min_rate = limits::kPaceBytesPerSecond;
    std::string socket;
    uint32_t workers = 1;      // default_workers() unless said
    std::string memory_limit;  // "" = the container's, "none" = no limit
    int64_t grace_s = 30;
    int64_t drain_wait_s = 0;
    std::vector<std::string> admin;
    std::string admin_socket;
    std::string admin_token_file;
    std::string state;
    std::string access_log = "stdout";
    std::vector<std::string> access_log_headers;
    uint32_t access_log_sample = 1;
};

// Adds the flags and the help text; `options` outlives the app.
void add_to(CLI::App& app, Options& options);

// The error names flag, value and remedy. `build` is the version, for the controller.
tl::expected<supervisor::Settings, std::string> settings_of(
    const Options& options, const std::string& build
);

}  // namespace sluice::options
