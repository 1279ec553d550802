// The hash index over hosts.
#include "table/host_order.h"

#include <algorithm>
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

const HostSpec* first_repeated(const std::vector<HostSpec>& hosts) {
    std::unordered_set<std::string_view> names;
    names.reserve(hosts.size());
    for (const HostSpec& host : hosts) {
        if (!names.insert(host.name).second) return &host;
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

tl::expected<HostOrder, BuildError> order_hosts(const std::vector<HostSpec>& hosts) {
    if (const HostSpec* host = first_repeated(hosts)) {
        return tl::unexpected<BuildError>(
            BuildError{Reason::table_bad_value, "hosts: \"" + host->name + "\" stands there twice"}
        );
    }
    HostOrder result;
    result.bits = bits_for(hosts.size());
    for (const HostSpec& host : hosts) result.hosts.push_back({0, &host});
    for (result.seed = 0; result.seed < kSeeds; ++result.seed) {
        for (PlacedHost& placed : result.hosts) {
            placed.hash = hash_text(placed.host->name, result.seed);
        }
        if (!spreads(result.hosts, result.bits)) continue;
        std::ranges::sort(result.hosts, {}, [](const PlacedHost& placed) {
            return std::pair(placed.hash, std::string_view(placed.host->name));
        });
        return result;
    }
    return tl::unexpected<BuildError>(
        BuildError{Reason::table_too_large, "hosts: no seed spreads them over the buckets"}
    );
}

}  // namespace sluice::table
