// The paths of one host as its index has them.
#include "table/path_index.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "table/buckets.h"
#include "table/hash.h"
#include "table/limits.h"

namespace sluice::table {

PathIndex index_paths(std::span<PathEntry> entries) {
    std::ranges::sort(entries, {}, [](const PathEntry& entry) {
        return std::tuple(entry.path, entry.kind, entry.match);
    });
    std::vector<IndexedPath> by_text;
    PathIndex index;
    for (size_t first = 0; first < entries.size();) {
        size_t end = first + 1;
        while (end < entries.size() && entries[end].path == entries[first].path) ++end;
        const std::string_view text = entries[first].path;
        const size_t depth = depth_of(text);
        by_text.push_back({hash_text(text), text, entries.subspan(first, end - first)});
        index.deepest = std::max(index.deepest, depth);
        index.depths |= depth_bit(depth);
        first = end;
    }
    std::vector<uint32_t> by_hash(by_text.size());
    std::iota(by_hash.begin(), by_hash.end(), 0U);
    std::ranges::sort(by_hash, {}, [&](uint32_t i) { return std::pair(by_text[i].hash, i); });
    index.order.resize(by_text.size());
    for (const uint32_t i : by_hash) {
        index.order[i] = static_cast<uint32_t>(index.paths.size());
        index.paths.push_back(by_text[i]);
    }
    return index;
}

}  // namespace sluice::table
