// Shares of 2^32 in whole numbers. Builder and verifier use the same arithmetic, so a table's
// shares are exactly what its weights say.
#pragma once

#include <cstdint>

namespace sluice::table {

// The last draw of a split: `until` = sum of the weights up to and with it, `total` = of all. Each
// share is off by less than one draw of 2^32, and the final one ends at 2^32 - 1. REQUIRES: 0 <
// until <= total < 2^32, and no weight is so small a part of total that it has no draw.
constexpr uint32_t last_draw(uint64_t until, uint64_t total) {
    return static_cast<uint32_t>((until << 32) / total - 1);
}

}  // namespace sluice::table
