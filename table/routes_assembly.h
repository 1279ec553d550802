// Encoded parts put together as one segment: indexes into a part become indexes into the whole, and
// what parts have in common stands there once.
#pragma once

#include <cstdint>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "table/builder.h"
#include "table/routes_parts.h"

namespace sluice::table {

struct RulesIn {
    const EncodedRules* encoded;
    const std::vector<BackendSpec>* backends;  // that its splits name
    const RulesPart* part;                     // by which hosts name it; null: the only one
};

struct HostIn {
    std::string_view name;
    const EncodedHost* encoded;
    const HostPart* part;  // null: its rules are those of the only RulesIn
};

// The parts keep the limits and forms of a table (spec_check.h); what is left to find is a host
// that stands there twice, a key of two backends, and too many bytes.
tl::expected<Bytes, BuildError> assemble(
    const std::vector<RulesIn>& rules, const std::vector<HostIn>& hosts, uint32_t path_seed
);

}  // namespace sluice::table
