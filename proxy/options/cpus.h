// How many workers a pod should have: as many as it may use cores.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::options {

// "QUOTA PERIOD" as in cgroup v2's cpu.max, rounded up to whole cores; nullopt: no quota ("max").
std::optional<uint32_t> cores_of_quota(std::string_view text);

// The smallest quota of our cgroup and those above it (cgroup v2, else v1), else the cores we may
// run on; 1 to limits::kWorkers.
uint32_t default_workers();

}  // namespace sluice::options
