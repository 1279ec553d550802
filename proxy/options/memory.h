// How much memory a pod may use, and what of it is a worker's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::options {

// A quantity as Kubernetes writes it, in bytes: "268435456", "256Mi", "1G"; whole numbers with k,
// M, G, T or Ki, Mi, Gi, Ti. nullopt: it is none, or more than 2^63.
std::optional<uint64_t> bytes_of(std::string_view text);

struct MemoryLimit {
    uint64_t bytes = 0;  // 0 = none
    // Folder of the controller with that limit, which tells how much is in use; "" = none.
    std::string cgroup;
    uint64_t cgroup_bytes = 0;  // that limit: others may live in the folder, so only it bounds all
};

// The number in the file that holds a cgroup's limit, v2 or v1. nullopt: no limit; v1 writes one
// as a number that no machine has.
std::optional<uint64_t> limit_of(std::string_view text);

// The smallest limit of our cgroup and those above it, as far as we can see.
MemoryLimit container_limit();

// What --memory-limit says ("" = nothing, "none" = no limit whatever the container's), and the
// container's own; the smaller one holds. REQUIRES: `said` is one of those or a quantity.
MemoryLimit memory_limit(std::string_view said, const MemoryLimit& container);

// What is one worker's of a pod's limit, once supervisor, steward and live state have theirs. At
// least limits::kWorkerShareBytes; 0 when there is no limit.
uint64_t worker_share(uint64_t limit, uint32_t workers);
// The least limit with which every worker has its least.
uint64_t least_limit(uint32_t workers);

}  // namespace sluice::options
