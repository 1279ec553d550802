// Power of two choices and round robin over in-flight counts.
#include "proxy/balance/pick.h"

#include <algorithm>

namespace sluice::balance {
namespace {

// Maps 32 random bits to [0, count) without division (Lemire); the bias is below count / 2^32.
uint32_t scale(uint32_t random, uint32_t count) {
    return static_cast<uint32_t>((static_cast<uint64_t>(random) * count) >> 32);
}

struct Draws {
    uint32_t first;
    uint32_t second;
};

// Two distinct numbers below `count`, each pair equally likely. REQUIRES: count >= 2.
Draws two_of(uint32_t count, uint64_t draw) {
    const uint32_t first = scale(static_cast<uint32_t>(draw >> 32), count);
    const uint32_t second = scale(static_cast<uint32_t>(draw), count - 1);
    return {first, second < first ? second : second + 1};
}

uint32_t less_loaded(
    std::span<const live::Slot> slots, const live::Loads& loads, uint32_t a, uint32_t b
) {
    return loads.in_flight(slots[b]) < loads.in_flight(slots[a]) ? b : a;
}

// Index of the nth slot that was not tried. REQUIRES: there are more than `nth`.
uint32_t nth_untried(std::span<const live::Slot> slots, const Tried& tried, uint32_t nth) {
    uint32_t index = 0;
    for (;; ++index) {
        if (!tried.contains(slots[index]) && nth-- == 0) return index;
    }
}

uint32_t pick_least(
    std::span<const live::Slot> slots, const live::Loads& loads, const Tried& tried, uint64_t draw
) {
    const auto count = static_cast<uint32_t>(slots.size());
    // Only a retry pays for a scan: it must draw fairly among those left.
    const auto left =
        tried.count == 0
            ? count
            : static_cast<uint32_t>(std::count_if(slots.begin(), slots.end(), [&](live::Slot slot) {
                  return !tried.contains(slot);
              }));
    const bool all_may_be_tried = left == 0 || left == count;
    const uint32_t choices = all_may_be_tried ? count : left;
    Draws draws{0, 0};
    if (choices > 1) draws = two_of(choices, draw);
    if (all_may_be_tried) return less_loaded(slots, loads, draws.first, draws.second);
    const uint32_t first = nth_untried(slots, tried, draws.first);
    return less_loaded(slots, loads, first, nth_untried(slots, tried, draws.second));
}

uint32_t pick_next(std::span<const live::Slot> slots, const Tried& tried, RoundRobinState& turn) {
    const auto count = static_cast<uint32_t>(slots.size());
    const uint32_t start = turn.next % count;
    uint32_t index = start;
    while (tried.contains(slots[index])) {
        index = index + 1 == count ? 0 : index + 1;
        if (index == start) break;  // all were tried
    }
    turn.next = index + 1 == count ? 0 : index + 1;
    return index;
}

}  // namespace

bool Tried::contains(live::Slot slot) const {
    return std::find(slots, slots + count, slot) != slots + count;
}

void Tried::add(live::Slot slot) {
    if (count == kMost) {
        std::copy(slots + 1, slots + kMost, slots);
        --count;
    }
    slots[count++] = slot;
}

uint32_t pick(
    table::BalancePolicy policy,
    std::span<const live::Slot> slots,
    const live::Loads& loads,
    const Tried& tried,
    RoundRobinState& turn,
    uint64_t draw
) {
    if (slots.empty()) return kNoPick;
    if (policy == table::BalancePolicy::round_robin) return pick_next(slots, tried, turn);
    return pick_least(slots, loads, tried, draw);
}

}  // namespace sluice::balance
