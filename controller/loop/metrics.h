// The controller's own numbers as Prometheus reads them. No I/O.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "controller/publish/publish.h"

namespace sluice::loop {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// How often something was done, and what it cost in all.
struct Work {
    uint64_t times = 0;
    int64_t cpu_ns = 0;

    void add(int64_t cost_ns) {
        ++times;
        cpu_ns += cost_ns;
    }
};

// Since the start of the process, but for the gauges: pauses, generation, connection.
struct Figures {
    Work compiles;                         // whole ones: routes and endpoints
    Work endpoint_updates;                 // those that left the routes alone
    int64_t compile_pause_ns = 0;          // hold-off after the last one
    int64_t endpoint_update_pause_ns = 0;  // the same
    uint64_t routes_compiled = 0;          // rules, summed over compiles
    uint64_t files_parsed = 0;
    std::array<uint64_t, publish::Publisher::kOffered> bytes_published{};  // by table::Segment
    uint64_t running_generation = 0;
    bool proxy_connected = false;
};

// Text exposition format 0.0.4; every family is always there.
std::string metrics_text(const Figures& figures);

}  // namespace sluice::loop
