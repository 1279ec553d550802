// Deterministic words and numbers: the same seed and position give the same token on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::modelsim {

inline constexpr uint64_t kSeed = 0xcbf29ce484222325;  // FNV-1a's offset basis

uint64_t mix(uint64_t seed, std::string_view bytes);
uint64_t scramble(uint64_t value);

// The token at `index`, with a leading blank for all but the first.
std::string_view word(uint64_t seed, uint32_t index);

}  // namespace sluice::modelsim
