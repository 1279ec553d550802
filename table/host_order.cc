// The hash index over hosts.
#include "table/host_order.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "table/buckets.h"
#include "table/hash.h"

namespace sluice::table {
namespace {

// Null: none is.
const std::string_view* first_repeated(const std::vector<std::string_view>& names) {
    std::unordered_set<std::string_view> known;
    known.reserve(names.size());
    for (const std::string_view& name : names) {
        if (!known.insert(name).second) return &name;
    }
    return nullptr;
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
    for (size_t i = 0; i < names.size(); ++i) {
        result.hosts.push_back({hash_text(names[i]), names[i], i});
    }
    std::ranges::sort(result.hosts, {}, [](const PlacedHost& placed) {
        return std::pair(placed.hash, placed.name);
    });
    return result;
}

}  // namespace sluice::table
