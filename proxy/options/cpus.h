// How many workers a pod should have: as many as it may use cores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::options {

// "QUOTA PERIOD" as in cgroup v2's cpu.max, rounded up to whole cores; nullopt: no quota ("max").
std::optional<uint32_t> cores_of_quota(std::string_view text);

// The cgroup of one controller in the text of /proc/self/cgroup: v2 has the controller "". nullopt:
// there is none.
std::optional<std::string> cgroup_of(
    std::string_view proc_self_cgroup, std::string_view controller
);

// The smallest quota of our cgroup and those above it (cgroup v2, else v1), else the cores we may
// run on; 1 to limits::kWorkers.
uint32_t default_workers();

}  // namespace sluice::options
