// The content digest of a segment: eight bytes a step in four lanes, so that a large table costs
// little.
#include <array>
#include <bit>
#include <cstring>

#include "table/builder.h"

namespace sluice::table {
namespace {

constexpr size_t kLanes = 4;
constexpr uint64_t kSpread = 0x9e3779b97f4a7c15ull;
constexpr uint64_t kStir = 0xd6e8feb86659fd93ull;

constexpr uint64_t mixed(uint64_t value) {
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdull;
    value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53ull;
    return value ^ (value >> 33);
}

// A bijection of the lane for each word and of the word for each lane, so no byte is forgotten.
// Both the word and the lane are multiplied: were it the lane only, a word's top bit would be one
// bit of the next step's lane, and two different tables that differ by one bit each could agree.
constexpr uint64_t step(uint64_t lane, uint64_t word) {
    return std::rotl(lane + word * kSpread, 31) * kStir;
}

uint64_t word_at(const std::byte* from, size_t bytes) {
    uint64_t word = 0;
    std::memcpy(&word, from, bytes);
    return word;
}

}  // namespace

uint64_t digest(std::span<const std::byte> bytes) {
    constexpr size_t kWord = sizeof(uint64_t);
    std::array<uint64_t, kLanes> lanes{1, 2, 3, 4};
    const size_t size = bytes.size();
    size_t at = 0;
    for (; size - at >= kLanes * kWord; at += kLanes * kWord) {
        for (size_t i = 0; i < kLanes; ++i) {
            lanes[i] = step(lanes[i], word_at(bytes.data() + at + i * kWord, kWord));
        }
    }
    for (; size - at >= kWord; at += kWord) {
        lanes[0] = step(lanes[0], word_at(bytes.data() + at, kWord));
    }
    if (at < size) lanes[1] = step(lanes[1], word_at(bytes.data() + at, size - at));
    uint64_t result = mixed(size);
    for (const uint64_t lane : lanes) result = mixed(result ^ lane) * kSpread;
    result = mixed(result);
    return result == 0 ? 1 : result;
}

}  // namespace sluice::table
