// The hash of the look-up index, for host names and paths. Eight bytes a step, since every request
// pays for it, and the hash of each beginning of a text falls out on the way. Whoever chooses texts
// can crowd a bucket: buckets are sorted, and a crowded one is searched by halves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::table {

inline constexpr size_t kHashStep = sizeof(uint64_t);

// Both halves of a 128-bit product, folded.
constexpr uint64_t stirred(uint64_t state) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{state} * 0x9e3779b97f4a7c15u;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline constexpr uint64_t kHashBegin = 0xff51afd7ed558ccdu;

// Of a text of `length` bytes: `state` stands behind its whole steps, `rest` holds the bytes behind
// them, the first one lowest. An index stores this; its top bits choose the bucket.
constexpr uint32_t hash_of(uint64_t state, uint64_t rest, size_t length) {
    return static_cast<uint32_t>(stirred(state ^ rest ^ (length + 1) * 0xd6e8feb86659fd93u) >> 32);
}

inline uint64_t step_at(const char* from) {
    uint64_t word = 0;
    std::memcpy(&word, from, kHashStep);
    return word;
}

// Of a text, the bytes behind its whole steps. Reads nothing outside of it.
inline uint64_t rest_of(std::string_view text) {
    const size_t bytes = text.size() % kHashStep;
    if (bytes == 0) return 0;
    if (text.size() > kHashStep) {
        return step_at(text.data() + text.size() - kHashStep) >> 8 * (kHashStep - bytes);
    }
    const auto at = [text](size_t i) { return uint64_t{static_cast<uint8_t>(text[i])} << 8 * i; };
    if (bytes < 4) return at(0) | at(bytes / 2) | at(bytes - 1);
    uint32_t first = 0;
    uint32_t last = 0;
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + bytes - sizeof last, sizeof last);
    return first | uint64_t{last} << 8 * (bytes - sizeof last);
}

inline uint32_t hash_text(std::string_view text) {
    uint64_t state = kHashBegin;
    const size_t steps = text.size() / kHashStep;
    for (size_t i = 0; i < steps; ++i) {
        state = stirred(state ^ step_at(text.data() + i * kHashStep));
    }
    return hash_of(state, rest_of(text), text.size());
}

// Elements of a path: "" has none, "/" and "/a" have one, "/a/" has two.
inline size_t depth_of(std::string_view path) {
    return static_cast<size_t>(std::count(path.begin(), path.end(), '/'));
}

// A host says of which depths it has paths: one bit each, and the last for all that are deeper.
constexpr uint16_t depth_bit(size_t depth) {
    return static_cast<uint16_t>(1U << std::min<size_t>(depth, 15));
}

}  // namespace sluice::table
