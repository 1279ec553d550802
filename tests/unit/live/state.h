// A small live state for tests of what stands on it: one mapping and what one worker writes with.
#pragma once

#include <gtest/gtest.h>

#include "proxy/live/counters.h"
#include "proxy/live/journal.h"
#include "proxy/live/loads.h"
#include "proxy/live/log_ring.h"
#include "proxy/live/mapping.h"
#include "table/channel.h"

namespace sluice::live::testing {

inline Mapping small_mapping(uint32_t workers = 1) {
    Sizes sizes;
    sizes.workers = workers;
    sizes.load_slots = 1024;
    sizes.counter_slots = 256;
    sizes.buckets = 64;
    sizes.journal_records = 256;
    sizes.lost_records = 64;
    sizes.log_ring_bytes = 1 << 16;
    int fd = -1;
    auto mapping = Mapping::create(sizes, fd);
    EXPECT_TRUE(mapping) << (mapping ? "" : mapping.error());
    const table::Descriptor owned(fd);
    return mapping ? std::move(*mapping) : Mapping();
}

struct State {
    Mapping mapping = small_mapping();
    Loads loads{mapping, 0};
    Counters counters{mapping, 0};
    Journal journal{mapping, 0};

    // Exchanges and connections that ended for this reason.
    uint64_t ended(uint16_t reason) const {
        uint64_t total = mapping.worker(0).ended[reason].load(std::memory_order_relaxed);
        for (Slot slot = 0; slot < mapping.sizes().counter_slots; ++slot) {
            for (const Outcome& outcome : sum(mapping, slot).outcomes) {
                if (outcome.reason == reason) total += outcome.count;
            }
        }
        return total;
    }
    uint64_t retries() const {
        uint64_t total = 0;
        for (Slot slot = 0; slot < mapping.sizes().counter_slots; ++slot) {
            total += sum(mapping, slot).retries;
        }
        return total;
    }
};

}  // namespace sluice::live::testing
