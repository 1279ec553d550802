// The hash index over hosts: a seed that spreads them, and their order under it.
#pragma once

#include <cstdint>
#include <tl/expected.hpp>
#include <vector>

#include "table/builder.h"
#include "table/spec.h"

namespace sluice::table {

struct PlacedHost {
    uint32_t hash;
    const HostSpec* host;
};

struct HostOrder {
    uint32_t seed = 0;
    uint32_t bits = 0;
    std::vector<PlacedHost> hosts;  // by (hash, name), hence by bucket
};

// The first seed from 0 on under which no bucket has more than limits::kHostProbe hosts, so equal
// sets of hosts get equal indexes.
tl::expected<HostOrder, BuildError> order_hosts(const std::vector<HostSpec>& hosts);

}  // namespace sluice::table
