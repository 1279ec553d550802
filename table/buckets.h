// The hash index of a segment: entries sorted by a hash, and for each value of its top bits
// the place of the first entry. A look-up reads one pair of offsets and then the entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "table/layout.h"

namespace sluice::table {

// More than any segment can hold; also keeps 2^bits inside 32 bits.
inline constexpr uint32_t kBucketBits = 30;

// By the top bits of a 32-bit hash or a 64-bit key.
template <class Hash>
constexpr uint32_t bucket_of(Hash hash, uint32_t bits) {
    return bits == 0 ? 0 : static_cast<uint32_t>(hash >> (8 * sizeof(Hash) - bits));
}

// At most one entry a bucket on average.
constexpr uint32_t bits_for(size_t entries) {
    uint32_t bits = 0;
    while (bits < kBucketBits && (size_t{1} << bits) < entries) ++bits;
    return bits;
}

// Of the path index of a host: at most four a bucket on average, for they are small and stand side
// by side. The few paths of most hosts are one bucket, which needs no offsets.
constexpr uint32_t path_bits_for(size_t paths) {
    return bits_for((paths + 3) / 4);
}

// The 2^bits + 1 offsets over entries that are sorted by hash.
template <class Entry, class HashOf>
std::vector<uint32_t> make_buckets(std::span<const Entry> entries, uint32_t bits, HashOf hash_of) {
    std::vector<uint32_t> offsets((size_t{1} << bits) + 1, 0);
    for (const Entry& entry : entries) ++offsets[bucket_of(std::invoke(hash_of, entry), bits) + 1];
    for (size_t i = 1; i < offsets.size(); ++i) offsets[i] += offsets[i - 1];
    return offsets;
}

constexpr Range bucket_at(std::span<const uint32_t> offsets, uint32_t bucket) {
    return {offsets[bucket], offsets[bucket + 1] - offsets[bucket]};
}

}  // namespace sluice::table
