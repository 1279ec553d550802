// One character of UTF-8, as RFC 3629 has it: no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::steward {

struct Character {
    uint32_t code = 0;
    size_t size = 0;  // bytes; 0: no valid UTF-8 starts here
};

// The one at the front. REQUIRES: `text` is not empty.
Character first_character(std::string_view text);

}  // namespace sluice::steward
