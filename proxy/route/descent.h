// One radix descent in one host: the node that ends exactly at a path, and the element prefixes on
// the way. Inline, because it is most of what a match costs.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "table/limits.h"
#include "table/view.h"

namespace sluice::route {

// Prefixes stand deepest last. The gate admits kPathSegments segments, so the ring never wraps for
// a path that it let through; if it did, the shallowest would be lost and the more specific ones
// stay.
struct Descent {
    static constexpr size_t kRing = std::bit_ceil(limits::kPathSegments + 2);
    const table::Node* exact = nullptr;
    size_t prefix_count = 0;
    std::array<const table::Node*, kRing>
        prefixes;  // not initialised: most requests touch one line of it

    Descent(const table::RoutesView& routes, const table::Host& host, std::string_view path) {
        if (host.root != table::kNone) walk(routes, host.root, path);
    }
    // Calls visit(node range) for each prefix node, longest first, until one returns true.
    template <class Visit>
    bool any_prefix(Visit visit) const {
        const size_t oldest = prefix_count > kRing ? prefix_count - kRing : 0;
        for (size_t i = prefix_count; i-- > oldest;) {
            if (visit(prefixes[i % kRing]->prefix)) return true;
        }
        return false;
    }

private:
    void walk(const table::RoutesView& routes, uint32_t root, std::string_view path) {
        const table::Node* const nodes = routes.nodes().data();
        const uint8_t* const first_bytes = routes.node_bytes().data();
        const table::Node* node = nodes + root;
        size_t at = 0;
        size_t seen =
            0;  // bytes of the label that node_bytes has shown: most labels need no other line
        for (;;) {
            const size_t length = node->label.length;
            if (path.size() - at < length) return;
            if (length > seen) {
                const char* const label = routes.text(node->label).data();
                if (std::memcmp(path.data() + at + seen, label + seen, length - seen) != 0) return;
            }
            at += length;
            const bool at_end = at == path.size();
            // The root prefix "" holds for every path; any other must end where a path element
            // ends.
            if (node->prefix.count != 0 && (at == 0 || at_end || path[at] == '/')) {
                prefixes[prefix_count++ % kRing] = node;
            }
            if (at_end) {
                if (node->exact.count != 0) exact = node;
                return;
            }
            if (node->children.count == 0) return;
            const uint8_t* const siblings = first_bytes + node->children.first;
            const void* const hit = std::memchr(siblings, path[at], node->children.count);
            if (hit == nullptr) return;
            node = nodes + node->children.first + (static_cast<const uint8_t*>(hit) - siblings);
            seen = 1;
        }
    }
};

}  // namespace sluice::route
