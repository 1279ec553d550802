// Segments of any bytes: verify() refuses them, or everything that it let through can be read.
// Seeds are built here, not kept in files, since a changed schema would make those foreign: a
// mutation of nearly nothing is a random sound segment.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>

#include "table/builder.h"
#include "table/view.h"
#include "tests/unit/table/random_routes.h"
#include "tests/unit/table/samples.h"
#include "tests/unit/table/walk.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t room);

namespace sluice::table {
namespace {

constexpr size_t kNearlyNothing = 64;

Bytes sound_segment(uint32_t seed) {
    if (seed % 8 == 0) return built(sample_endpoints());
    if (seed % 8 == 1) return built(sample_routes());
    return built(RandomRoutes(seed).make());
}

size_t replace(uint8_t* data, size_t room, uint32_t seed) {
    const Bytes bytes = sound_segment(seed);
    if (bytes.size() > room) return 0;
    std::memcpy(data, bytes.data(), bytes.size());
    return bytes.size();
}

// References are words: a small change of one leads further than a changed byte anywhere.
size_t change_word(uint8_t* data, size_t size, std::mt19937& random) {
    const size_t at = random() % (size / 4) * 4;
    uint32_t word = 0;
    std::memcpy(&word, data + at, sizeof word);
    word = random() % 4 == 0 ? static_cast<uint32_t>(random() % size)
                             : word + static_cast<uint32_t>(random() % 9) - 4;
    std::memcpy(data + at, &word, sizeof word);
    return size;
}

template <class View>
void check(const Bytes& bytes) {
    const auto view = View::verify(bytes);
    if (!view) return;
    static_cast<void>(Walk::over(*view));
    if (!View::attach(bytes)) __builtin_trap();
}

}  // namespace
}  // namespace sluice::table

extern "C" size_t LLVMFuzzerCustomMutator(
    uint8_t* data, size_t size, size_t room, unsigned int seed
) {
    if (size < sluice::table::kNearlyNothing) {
        const size_t replaced = sluice::table::replace(data, room, seed);
        if (replaced != 0) return replaced;
    }
    std::mt19937 random(seed);
    if (size < 4 || random() % 2 == 0) return LLVMFuzzerMutate(data, size, room);
    return sluice::table::change_word(data, size, random);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto* const begin = reinterpret_cast<const std::byte*>(data);
    const sluice::table::Bytes bytes(begin, begin + size);  // aligned, and of exactly this size
    sluice::table::check<sluice::table::RoutesView>(bytes);
    sluice::table::check<sluice::table::EndpointsView>(bytes);
    return 0;
}
