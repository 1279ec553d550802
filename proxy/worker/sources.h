// How many connections each client address has with this worker, and who has too many. A fixed open
// table: nothing is allocated after the start, and both directions cost one short walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "proxy/net/address.h"

namespace sluice::worker {

// Who counts as one source: an IPv4 address, or the /64 of an IPv6 address, which one subscriber
// has to himself (RFC 6177).
uint64_t source_of(const net::Address& client);

class Sources {
public:
    // `most`: connections of one source; `clients`: of all together, the caller sees to it. `seed`:
    // random, so that nobody picks addresses that meet in one place.
    Sources(size_t most, size_t clients, uint64_t seed);

    // One connection more. False: it has `most` already, and nothing is counted.
    bool take(uint64_t source);
    // REQUIRES: taken before.
    void give(uint64_t source);
    size_t count(uint64_t source) const;

private:
    struct Entry {
        uint64_t source;
        uint32_t connections;  // 0: free
    };

    size_t home_of(uint64_t source) const;
    size_t find(uint64_t source) const;
    void close_gap(size_t gap);

    size_t most_;
    size_t mask_;
    uint64_t seed_;
    // Pages of the kernel's until they are used.
    std::unique_ptr<Entry[], void (*)(void*)> entries_;
};

}  // namespace sluice::worker
