// Encoded parts put together as one segment: indexes into a part become indexes into the whole, and
// what parts have in common stands there once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
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

// Keeps its memory from one table to the next.
class Assembler {
public:
    Assembler();
    ~Assembler();

    // The parts keep the limits and forms of a table (spec_check.h) and are numbered by `texts`;
    // what is left to find is a host that stands there twice, a key of two backends, and too many
    // bytes. The bytes are good until the next call.
    tl::expected<std::span<const std::byte>, BuildError> assemble(
        const std::vector<RulesIn>& rules, const std::vector<HostIn>& hosts, const Texts& texts
    );

    // How many texts the last table had of those that are numbered.
    size_t texts_used() const;

private:
    class Vectors;
    std::unique_ptr<Vectors> vectors_;
};

}  // namespace sluice::table
