// Identities of 64 and 128 bits. Pure, fixed for all builds of one schema: the compiler writes
// them, the proxy compares them. Not a defence against chosen collisions; the builder refuses a
// collision it meets.
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace sluice::table {

using Key64 = uint64_t;

struct Key128 {
    uint64_t high = 0;
    uint64_t low = 0;
    auto operator<=>(const Key128&) const = default;
};

// FNV-1a with a strong finish (murmur3's fmix64). `seed` distinguishes families of keys and hash
// tables.
constexpr Key64 hash64(std::string_view bytes, uint64_t seed = 0) {
    uint64_t hash = 0xcbf29ce484222325ull ^ (seed * 0x9e3779b97f4a7c15ull);
    for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdull;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53ull;
    hash ^= hash >> 33;
    return hash;
}

// Parts are joined with their lengths, so that {"a","bc"} and {"ab","c"} differ.
constexpr Key64 key64(std::initializer_list<std::string_view> parts, uint64_t seed = 0) {
    uint64_t hash = seed;
    for (const std::string_view part : parts) hash = hash64(part, hash ^ (part.size() + 1));
    return hash;
}

constexpr Key128 key128(std::initializer_list<std::string_view> parts) {
    return {key64(parts, 0x736c75696365ull), key64(parts, 0x656369756c73ull)};
}

// Backends are named across segments by this key of kind/namespace/name/port (design 10.1).
constexpr Key64 backend_key(
    std::string_view kind, std::string_view ns, std::string_view name, std::string_view port
) {
    return key64({kind, ns, name, port});
}

}  // namespace sluice::table
