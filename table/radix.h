// Paths of one host to radix nodes. Breadth first, so that the children of a node are consecutive
// and every node of a host stands behind its parent: the verifier needs one pass and no stack to
// see that it is a tree.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "table/layout.h"

namespace sluice::table {

// One match at a path. Regexes have no place in the tree.
struct RadixEntry {
    std::string_view path;
    PathKind kind;   // exact or prefix
    uint32_t match;  // the caller's number; the order among equal path and kind
};

struct RadixNode {
    std::string_view label;
    Range children;  // relative to the first node of the tree
    std::span<const RadixEntry> exact;
    std::span<const RadixEntry> prefix;
};

// Sorts `entries` and returns the nodes, root first; none when there are no entries. The nodes
// borrow from `entries`.
std::vector<RadixNode> make_radix(std::span<RadixEntry> entries);

}  // namespace sluice::table
