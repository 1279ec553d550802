// The byte pool of a segment under construction: a text that is shared stands in it once, in order
// of first use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "table/layout.h"

namespace sluice::table {

// A text with its hash, for who adds it to many pools.
struct PoolText {
    explicit PoolText(std::string_view shown)
        : text(shown), hash(std::hash<std::string_view>()(shown)) {}
    std::string_view text;
    size_t hash;
};

// An offset beyond 32 bits wraps; so large a pool is refused as a whole when the segment is
// written.
class Pool {
public:
    // Where the text stands: where an equal one was added before, else at the end.
    Text add(const PoolText& text);
    Text add(std::string_view text) { return add(PoolText(text)); }
    // At the end, without a look-up: for names, of which no two are equal.
    Text append(std::string_view text);

    void reserve(size_t bytes) { bytes_.reserve(bytes); }
    // The memory stays.
    void clear();

    const std::string& bytes() const { return bytes_; }

private:
    struct Slot {
        uint32_t hash = 0;
        Text text;  // empty: a free slot
    };
    void grow();
    Slot& slot_for(const PoolText& text);

    std::string bytes_;
    std::vector<Slot> slots_;  // open addressing; a power of two, at most half of them taken
    size_t taken_ = 0;
};

}  // namespace sluice::table
