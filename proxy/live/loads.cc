// Slots and their life: free -> bound -> retired -> free, decided at each swap.
#include "proxy/live/loads.h"

namespace sluice::live {

std::vector<Slot> Loads::bind(std::span<const Identity> identities, std::vector<Slot>& retired) {
    std::vector<Slot> result(identities.size(), kNoSlot);
    std::vector<bool> named(words_.size(), false);
    for (size_t i = 0; i < identities.size(); ++i) {
        const auto known = slots_.find(identities[i]);
        if (known == slots_.end()) continue;
        result[i] = known->second;
        named[known->second] = true;
    }
    // What an earlier swap retired may be reused now that its requests are over. What this swap
    // retires may not: its idle connections are still open under the slot's number until our caller
    // has read `retired`.
    for (Slot slot = 0; slot < named.size(); ++slot) {
        if (!named[slot]) retire_or_free(slot, retired);
    }
    for (size_t i = 0; i < identities.size(); ++i) {
        if (result[i] == kNoSlot) result[i] = take(identities[i]);
        states_[result[i]] = State::bound;
    }
    return result;
}

void Loads::retire_or_free(Slot slot, std::vector<Slot>& retired) {
    if (states_[slot] == State::bound) {
        states_[slot] = State::retired;
        retired.push_back(slot);
    } else if (states_[slot] == State::retired && words_[slot] == 0) {
        slots_.erase(identities_[slot]);
        states_[slot] = State::free;
        free_.push_back(slot);
    }
}

Slot Loads::take(const Identity& identity) {
    const auto [place, is_new] = slots_.try_emplace(identity, kNoSlot);
    if (!is_new) return place->second;  // the same identity twice in one segment
    if (free_.empty()) {
        place->second = static_cast<Slot>(words_.size());
        words_.push_back(0);
        states_.push_back(State::bound);
        identities_.push_back(identity);
    } else {
        place->second = free_.back();
        free_.pop_back();
        identities_[place->second] = identity;
    }
    return place->second;
}

void Loads::end(Slot slot) {
    if (words_[slot] != 0) --words_[slot];
}

}  // namespace sluice::live
