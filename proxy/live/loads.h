// In-flight counts by endpoint identity. A slot belongs to one identity while any table names it or
// a request is in flight on it, so counts outlive table changes. One worker owns it in this
// version; the shared mapping of all workers takes its place behind the same calls.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "proxy/live/layout.h"

namespace sluice::live {

class Loads {
public:
    // A new endpoints segment: the slot of each identity, same order. Slots of identities that are
    // not named any more are retired: `retired` receives them (their idle connections can go), and
    // they are free once in_flight is 0. Called on a swap, never on the hot path.
    std::vector<Slot> bind(std::span<const Identity> identities, std::vector<Slot>& retired);

    uint32_t in_flight(Slot slot) const { return words_[slot]; }
    void begin(Slot slot) { ++words_[slot]; }
    void end(Slot slot);  // stays at 0: a count that wraps would shun the endpoint for ever
    size_t capacity() const {
        return words_.size();
    }  // slots ever made; arrays beside it grow with bind()
    bool retired(Slot slot) const { return states_[slot] == State::retired; }

private:
    enum class State : uint8_t { free, bound, retired };
    struct Hash {
        size_t operator()(const Identity& identity) const { return identity.low; }
    };
    void retire_or_free(Slot slot, std::vector<Slot>& retired);
    Slot take(const Identity& identity);

    std::unordered_map<Identity, Slot, Hash> slots_;
    std::vector<Identity> identities_;
    std::vector<uint32_t> words_;
    std::vector<State> states_;
    std::vector<Slot> free_;
};

}  // namespace sluice::live
