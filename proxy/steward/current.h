// The table that runs, for the steward's other threads (admin, log): immutable parts behind shared
// pointers, replaced as a whole. Whoever holds one keeps its bytes mapped.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/live/layout.h"
#include "table/channel.h"
#include "table/view.h"

namespace sluice::steward {

struct RoutesPart {
    table::Mapping mapping;
    table::RoutesView view;
    std::vector<live::Slot> slots;  // places and runs of the rules (table/binding.h)
};

struct EndpointsPart {
    table::Mapping mapping;
    table::EndpointsView view;
    std::vector<live::Slot> slots;  // by endpoint
};

// Routes or endpoints are null until there are any.
struct Table {
    uint64_t generation = 0;
    table::Digests digests{};
    int64_t since_ns = 0;  // CLOCK_MONOTONIC
    std::shared_ptr<const RoutesPart> routes;
    std::shared_ptr<const EndpointsPart> endpoints;
};

// Thread-safe.
class Current {
public:
    void set(std::shared_ptr<const Table> table) {
        const std::lock_guard lock(mutex_);
        table_ = std::move(table);
    }
    // Never null.
    std::shared_ptr<const Table> get() const {
        const std::lock_guard lock(mutex_);
        return table_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Table> table_ = std::make_shared<const Table>();
};

}  // namespace sluice::steward
