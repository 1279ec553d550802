// What makes a published table good: seals, bytes, references, meaning, and that it is whole.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <unordered_set>
#include <vector>

#include "table/channel.h"
#include "table/view.h"

namespace sluice::steward {

// Segments that came and are good; the others stay as they are.
struct Verified {
    std::optional<table::Mapping> routes;
    std::optional<table::Mapping> endpoints;
};

class Verifier {
public:
    // After a refusal everything is as before.
    tl::expected<Verified, table::Refusal> verify(
        const table::Message& publish, const std::vector<table::Descriptor>& fds
    );

    // Of the last table that was verified; 0 = none.
    const table::Digests& digests() const { return digests_; }
    // What was verified last does not run after all: what ran before goes on.
    void take_back(const table::Digests& before) { digests_ = before; }

private:
    using Patterns = std::unordered_set<std::string>;

    // Patterns of these routes, each of which compiles within its limits.
    tl::expected<Patterns, table::Refusal> verify_routes(std::span<const std::byte> bytes) const;

    table::Digests digests_{};
    Patterns patterns_;  // of the current routes: they need no second compile
};

}  // namespace sluice::steward
