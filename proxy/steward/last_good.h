// The checksummed copy of the last good routes and endpoints in a directory on the pod's
// memory-backed volume: what a restarted proxy serves while the controller is away. Secrets are
// never in it (design 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "table/channel.h"

namespace sluice::steward {

struct SavedSegment {
    uint64_t generation = 0;
    uint64_t digest = 0;
    std::vector<std::byte> bytes;
};

// A segment to save: routes or endpoints.
struct Copied {
    table::Segment segment;
    uint64_t generation;
    uint64_t digest;
    std::span<const std::byte> bytes;
};

// Replaces the files of these segments, all or none (but for a death between two renames). Error:
// the sentence for people.
tl::expected<void, std::string> save(const std::string& directory, std::span<const Copied> copies);

// Empty when there is no file. Total on any file: one that is cut, changed, of another schema or
// too large is an error.
tl::expected<std::optional<SavedSegment>, std::string> load(
    const std::string& directory, table::Segment segment
);

}  // namespace sluice::steward
