// Whether this pod is alive and ready, in the words that kubectl users know.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/live/mapping.h"
#include "proxy/steward/current.h"
#include "proxy/steward/page.h"

namespace sluice::steward {

// Whether workers turn their loops, from heartbeats that grow. Time is counted in our own ticks, so
// a machine that was paused as a whole declares nobody dead.
class Pulse {
public:
    static constexpr uint32_t kPatienceTicks = 30;  // of a second

    explicit Pulse(const live::Mapping& mapping);
    void tick();  // once a second
    // False: no worker has moved for kPatienceTicks.
    bool is_alive() const { return silent_ < kPatienceTicks; }
    uint32_t silent_ticks() const { return silent_; }

private:
    const live::Mapping& mapping_;
    std::vector<uint64_t> beats_;
    uint32_t silent_ = 0;
};

Response livez(const Pulse& pulse);

// 503 while the pod drains, has no table, or no worker takes requests by one. `verbose` lists each
// check and each worker; a worker that is down alone takes nothing from readiness.
Response readyz(const live::Mapping& mapping, const Table& table, bool verbose);

}  // namespace sluice::steward
