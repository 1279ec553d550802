// The paths of one host as its index has them.
#include "table/path_index.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "table/buckets.h"
#include "table/hash.h"
#include "table/limits.h"

namespace sluice::table {
namespace {

// Any set of paths spreads under one of the first few; a bound keeps this total.
constexpr uint32_t kSeeds = 64;

// Only a host with more paths than a bucket takes can crowd one.
std::vector<std::string_view> distinct_paths_if_many(const HostSpec& host) {
    std::vector<std::string_view> paths;
    if (host.matches.size() <= limits::kPathProbe) return paths;
    for (const MatchSpec& match : host.matches) {
        if (match.path_kind != PathKind::regex) paths.push_back(match.path);
    }
    std::ranges::sort(paths);
    const auto repeated = std::ranges::unique(paths);
    paths.erase(repeated.begin(), repeated.end());
    return paths;
}

bool spreads(const std::vector<std::string_view>& paths, uint32_t seed) {
    const uint32_t bits = path_bits_for(paths.size());
    std::vector<uint32_t> counts(size_t{1} << bits, 0);
    return std::ranges::none_of(paths, [&](std::string_view path) {
        return ++counts[bucket_of(hash_text(path, seed), bits)] > limits::kPathProbe;
    });
}

}  // namespace

PathIndex index_paths(std::span<PathEntry> entries, uint32_t seed) {
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
        by_text.push_back({hash_text(text, seed), text, entries.subspan(first, end - first)});
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

std::optional<uint32_t> path_seed_for(const std::vector<HostSpec>& hosts) {
    std::vector<std::vector<std::string_view>> large;
    for (const HostSpec& host : hosts) {
        auto paths = distinct_paths_if_many(host);
        if (paths.size() > limits::kPathProbe) large.push_back(std::move(paths));
    }
    for (uint32_t seed = 0; seed < kSeeds; ++seed) {
        if (std::ranges::all_of(large, [&](const auto& paths) { return spreads(paths, seed); })) {
            return seed;
        }
    }
    return std::nullopt;
}

}  // namespace sluice::table
