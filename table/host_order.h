// The hash index over hosts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "table/builder.h"

namespace sluice::table {

struct PlacedHost {
    uint32_t hash;
    std::string_view name;
    size_t index;  // in the list that was given
};

struct HostOrder {
    uint32_t bits = 0;
    std::vector<PlacedHost> hosts;  // by (hash, name), hence by bucket
};

// A host that stands there twice is refused.
tl::expected<HostOrder, BuildError> order_hosts(const std::vector<std::string_view>& names);

}  // namespace sluice::table
