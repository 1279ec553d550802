// How much memory one worker may use, as the supervisor tells it.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::worker {

// Bytes; a share of 0 = no limit, and then no ladder.
struct MemoryBudget {
    uint64_t share = 0;         // of this worker's own memory
    uint64_t cgroup_limit = 0;  // of all that live in the folder below
    // Folder of the container's memory controller; "" = only the share is watched.
    std::string cgroup;
    uint32_t workers = 1;  // that grow at the same time as we do
};

}  // namespace sluice::worker
