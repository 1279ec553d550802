// What the kernel says about one process of the pod: /proc/PID/stat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::steward {

struct ProcessStats {
    uint32_t parent = 0;
    double cpu_seconds = 0;    // user and system
    double start_seconds = 0;  // since the epoch
    uint64_t resident_bytes = 0;
    uint64_t virtual_bytes = 0;
};

// Nothing when the process is gone. `root` is "/proc" but in tests.
std::optional<ProcessStats> process_stats(uint32_t pid, const std::string& root = "/proc");

// One line of /proc/PID/stat. Total on any text; `boot_seconds` is the epoch time of boot.
std::optional<ProcessStats> parse_process_stats(std::string_view line, double boot_seconds);

}  // namespace sluice::steward
