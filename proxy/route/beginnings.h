// The beginnings of a request's path that end where an element ends, and which of them a host has
// as paths. Hashed in one pass, once for all hosts that are asked, and only as deep as the deepest
// path of the table. Inline, because it is most of what a match costs.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "table/hash.h"
#include "table/limits.h"
#include "table/view.h"

namespace sluice::route {

class Beginnings {
public:
    // `path` must live as long as this. One that does not begin with '/' has no beginning but "".
    Beginnings(const table::RoutesView& routes, std::string_view path)
        : routes_(routes), path_(path) {
        uint64_t state = table::kHashBegin;
        found_[0] = {table::hash_of(state, 0, 0), 0};
        if (!path.starts_with('/')) return;
        const size_t whole_steps = path.size() / table::kHashStep * table::kHashStep;
        for (size_t at = 0; at < whole_steps; at += table::kHashStep) {
            const uint64_t step = table::step_at(path.data() + at);
            if (!add_from(at, state, step)) return;
            state = table::stirred(state ^ step);
        }
        const uint64_t rest = table::rest_of(path);
        if (!add_from(whole_steps, state, rest)) return;
        is_whole_ = add(path.size(), state, rest);
    }
    Beginnings(const Beginnings&) = delete;
    Beginnings& operator=(const Beginnings&) = delete;

    // The host's path that is the whole of this one; nullptr when it has none.
    const table::Path* whole(const table::Host& host) const {
        return is_whole_ ? find(host, count_) : nullptr;
    }

    // Calls visit(path) for each path of the host that is an element prefix, longest first, until
    // one returns true.
    template <class Visit>
    bool any_prefix(const table::Host& host, Visit visit) const {
        for (size_t depth = count_;; --depth) {
            const table::Path* const path = find(host, depth);
            if (path != nullptr && path->has_prefix != 0 && visit(*path)) return true;
            if (depth == 0) return false;
        }
    }

private:
    struct Beginning {
        uint32_t hash;
        uint32_t length;
    };

    // The top bit of each byte that is '/'.
    static constexpr uint64_t slashes_in(uint64_t step) {
        constexpr uint64_t kEach = 0x0101010101010101u;
        const uint64_t differs = step ^ kEach * '/';
        return ~(((differs & kEach * 0x7f) + kEach * 0x7f) | differs | kEach * 0x7f);
    }

    // Those that end in one step, which stands at path_[at]; `state` is that of before it. False:
    // no path in the table is deeper.
    bool add_from(size_t at, uint64_t state, uint64_t step) {
        uint64_t slashes = slashes_in(step);
        if (at == 0) slashes &= slashes - 1;  // the path begins with one
        for (; slashes != 0; slashes &= slashes - 1) {
            const auto bytes = static_cast<size_t>(std::countr_zero(slashes)) / 8;
            const uint64_t rest = step & ((uint64_t{1} << 8 * bytes) - 1);
            if (!add(at + bytes, state, rest)) return false;
        }
        return true;
    }

    bool add(size_t length, uint64_t state, uint64_t rest) {
        if (count_ == routes_.path_depth()) return false;
        const uint32_t hash = table::hash_of(state, rest, length);
        found_[++count_] = {hash, static_cast<uint32_t>(length)};
        return true;
    }

    const table::Path* find(const table::Host& host, size_t depth) const {
        if ((host.depths & table::depth_bit(depth)) == 0) return nullptr;
        const Beginning& one = found_[depth];
        return routes_.find_path(host, one.hash, path_.substr(0, one.length));
    }

    const table::RoutesView& routes_;
    std::string_view path_;
    size_t count_ = 0;
    bool is_whole_ = false;  // the last one is the path itself
    // By depth. A path in a table has no more elements than bytes. Not initialised: most requests
    // touch one line of it.
    std::array<Beginning, limits::kPathBytes + 1> found_;
};

}  // namespace sluice::route
