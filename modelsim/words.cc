// Deterministic words and numbers: the same seed and position give the same token on every machine.
#include "modelsim/words.h"

#include <array>

namespace sluice::modelsim {
namespace {

constexpr std::array<std::string_view, 32> kWords = {
    " water", " runs",  " through", " the",   " open",  " gate",  " and",     " turns",
    " a",     " slow",  " wheel",   " while", " two",   " boats", " wait",    " for",
    " level", " calm",  " beside",  " grey",  " stone", " walls", " under",   " early",
    " light", " until", " keeper",  " lifts", " every", " board", " without", " hurry",
};

}  // namespace

uint64_t mix(uint64_t seed, std::string_view bytes) {
    constexpr uint64_t kPrime = 0x100000001b3;
    for (const char c : bytes) seed = (seed ^ static_cast<unsigned char>(c)) * kPrime;
    return seed;
}

uint64_t scramble(uint64_t value) {  // splitmix64
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

std::string_view word(uint64_t seed, uint32_t index) {
    std::string_view chosen = kWords[scramble(seed + index) % kWords.size()];
    if (index == 0) chosen.remove_prefix(1);
    return chosen;
}

}  // namespace sluice::modelsim
