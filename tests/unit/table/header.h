// The header of a segment, found by the schema hash that it begins with, so that tests can falsify
// it.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <gtest/gtest.h>

#include "table/builder.h"
#include "table/view.h"

namespace sluice::table {

// Where the header stands: {schema u64, then what the kind of segment has}.
inline size_t header_of(const Bytes& bytes) {
    const auto wanted = std::bit_cast<std::array<std::byte, 8>>(schema_hash());
    for (size_t at = 0; at + 16 <= bytes.size(); at += 8) {
        if (std::memcmp(bytes.data() + at, wanted.data(), wanted.size()) == 0) return at;
    }
    ADD_FAILURE() << "no header";
    return 0;
}

template <class Number>
void overwrite(Bytes& bytes, size_t at, Number value) {
    ASSERT_LE(at + sizeof value, bytes.size());
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

}  // namespace sluice::table
