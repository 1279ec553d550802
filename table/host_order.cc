// The hash index over hosts.
#include "table/host_order.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "table/buckets.h"
#include "table/hash.h"
#include "table/limits.h"

namespace sluice::table {
namespace {

// Any set of distinct hosts spreads under one of the first few; a bound keeps this total.
constexpr uint32_t kSeeds = 64;

// Null: none is.
const std::string_view* first_repeated(const std::vector<std::string_view>& names) {
    std::unordered_set<std::string_view> known;
    known.reserve(names.size());
    for (const std::string_view& name : names) {
        if (!known.insert(name).second) return &name;
    }
    return nullptr;
}

bool spreads(const std::vector<PlacedHost>& hosts, uint32_t bits) {
    std::vector<uint32_t> counts(size_t{1} << bits, 0);
    return std::ranges::none_of(hosts, [&](const PlacedHost& placed) {
        return ++counts[bucket_of(placed.hash, bits)] > limits::kHostProbe;
    });
}

}  // namespace

tl::expected<HostOrder, BuildError> order_hosts(const std::vector<std::string_view>& names) {
    if (const std::string_view* const name = first_repeated(names)) {
        return tl::unexpected<BuildError>(BuildError{
            Reason::table_bad_value, "hosts: \"" + std::string(*name) + "\" stands there twice"
        });
    }
    HostOrder result;
    result.bits = bits_for(names.size());
    for (size_t i = 0; i < names.size(); ++i) result.hosts.push_back({0, names[i], i});
    for (result.seed = 0; result.seed < kSeeds; ++result.seed) {
        for (PlacedHost& placed : result.hosts) {
            placed.hash = hash_text(placed.name, result.seed);
        }
        if (!spreads(result.hosts, result.bits)) continue;
        std::ranges::sort(result.hosts, {}, [](const PlacedHost& placed) {
            return std::pair(placed.hash, placed.name);
        });
        return result;
    }
    return tl::unexpected<BuildError>(
        BuildError{Reason::table_too_large, "hosts: no seed spreads them over the buckets"}
    );
}

}  // namespace sluice::table
