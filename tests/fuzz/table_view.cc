// Segments of any bytes: verify() refuses them, or everything that it let through can be read.
// A short input is a recipe: the number of a sound segment and changes to its words, so that the
// corpus outlives a changed schema and a damage is one change, not a search. A long input is the
// segment itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "table/builder.h"
#include "table/view.h"
#include "tests/unit/table/random_routes.h"
#include "tests/unit/table/samples.h"
#include "tests/unit/table/walk.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t room);

namespace sluice::table {
namespace {

constexpr size_t kRecipeBytes = 64;  // less than this is a recipe
constexpr uint32_t kSoundSegments = 64;

struct Change {
    uint32_t place;  // its two highest bits say what is done there
    uint32_t value;
};

const Bytes& sound_segment(uint32_t seed) {
    static const auto segments = [] {
        std::vector<Bytes> made{built(sample_endpoints()), built(sample_routes())};
        for (uint32_t i = 2; i < kSoundSegments; ++i) made.push_back(built(RandomRoutes(i).make()));
        return made;
    }();
    return segments[seed % kSoundSegments];
}

// References are words: a small change of one leads further than a changed byte anywhere.
void apply(Change change, Bytes& bytes) {
    const uint32_t place = change.place & 0x3fffffffU;
    if (bytes.size() < sizeof change.value) return;
    std::byte* const at = bytes.data() + place % (bytes.size() / 4) * 4;
    uint32_t word = 0;
    std::memcpy(&word, at, sizeof word);
    switch (change.place >> 30) {
        case 0:
            word = change.value;
            break;
        case 1:
            word += static_cast<uint32_t>(static_cast<int8_t>(change.value));
            break;
        case 2:
            word ^= uint32_t{1} << (change.value % 32);
            break;
        default:
            return bytes.resize(place % bytes.size());
    }
    std::memcpy(at, &word, sizeof word);
}

// What this input stands for, alone on the heap and aligned.
Bytes segment_of(std::span<const uint8_t> input) {
    const auto* const begin = reinterpret_cast<const std::byte*>(input.data());
    if (input.size() >= kRecipeBytes) return {begin, begin + input.size()};
    uint32_t seed = 0;
    std::memcpy(&seed, begin, std::min(sizeof seed, input.size()));
    Bytes bytes = sound_segment(seed);
    for (size_t at = sizeof seed; at + sizeof(Change) <= input.size(); at += sizeof(Change)) {
        Change change{};
        std::memcpy(&change, begin + at, sizeof change);
        apply(change, bytes);
    }
    return {bytes.begin(), bytes.end()};
}

// What workers ask for: every name finds its own entry, and unknown ones find none or another.
void look_up(const RoutesView& view) {
    for (const Host& host : view.hosts()) {
        const std::string name(view.name(host));
        if (!name.starts_with("*.")) continue;
        if (view.find_wildcard("any" + name.substr(1)) != &host) __builtin_trap();
        static_cast<void>(view.find_exact(name.substr(1)));
        static_cast<void>(view.find_wildcard(name.substr(1)));
    }
    static_cast<void>(view.find_wildcard("nobody.example"));
}
void look_up(const EndpointsView& view) {
    const bool none = view.find(0).empty() && view.find(~uint64_t{0}).empty();
    if (view.sets().empty() && !none) __builtin_trap();
}

template <class View>
bool check(const Bytes& bytes) {
    // Structs are read in place: nothing is at an address that they cannot have.
    if (bytes.size() > 1 && View::verify(std::span(bytes).subspan(1))) __builtin_trap();
    const auto view = View::verify(bytes);
    if (!view) {
        if (view.error().reason == Reason::ok || view.error().message.empty()) __builtin_trap();
        return false;
    }
    static_cast<void>(Walk::over(*view));
    look_up(*view);
    if (!View::attach(bytes)) __builtin_trap();
    return true;
}

}  // namespace
}  // namespace sluice::table

extern "C" size_t LLVMFuzzerCustomMutator(
    uint8_t* data, size_t size, size_t room, unsigned int seed
) {
    using namespace sluice::table;
    const bool recipe = size < kRecipeBytes;
    if (!recipe || seed % 64 != 0) {
        return LLVMFuzzerMutate(data, size, recipe ? std::min(room, kRecipeBytes - 1) : room);
    }
    const Bytes bytes = segment_of({data, size});
    if (bytes.empty() || bytes.size() > room) return size;
    std::memcpy(data, bytes.data(), bytes.size());
    return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace sluice::table;
    if (size == 0) return 0;
    const Bytes bytes = segment_of({data, size});
    const bool untouched = size < sizeof(uint32_t) + sizeof(Change);
    const bool routes = check<RoutesView>(bytes);
    const bool endpoints = check<EndpointsView>(bytes);
    if (untouched && !routes && !endpoints) __builtin_trap();
    return 0;
}
