// The paths of one host as its index has them: by hash, with their order by text beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "table/layout.h"

namespace sluice::table {

// One match at a path. Regexes have no place in the index.
struct PathEntry {
    std::string_view path;
    PathKind kind;   // exact or prefix
    uint32_t match;  // the caller's number; the order among equal path and kind
};

struct IndexedPath {
    uint32_t hash;
    std::string_view text;
    std::span<const PathEntry> matches;  // exact ones first
};

struct PathIndex {
    std::vector<IndexedPath> paths;  // by (hash, text), hence by bucket
    std::vector<uint32_t> order;     // of paths, by text
    size_t deepest = 0;              // elements of that path
    uint16_t depths = 0;             // of all, by depth_bit()
};

// Sorts `entries`; the index borrows from them.
PathIndex index_paths(std::span<PathEntry> entries);

}  // namespace sluice::table
