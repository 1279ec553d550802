// The generations that this worker has mapped, and what of them does not fit bytes. An exchange
// pins the routes until its response head is committed; endpoints are read fresh at each pick. No
// reload, no drain: a swap replaces two pointers, and the last pin that goes unmaps.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "proxy/balance/pick.h"
#include "proxy/live/loads.h"
#include "proxy/net/address.h"
#include "proxy/route/regexes.h"
#include "proxy/route/split.h"
#include "table/channel.h"
#include "table/view.h"

namespace sluice::exchange {

class Pin;

// A verified segment and the slots that go with it (table/binding.h).
struct Delivered {
    table::Mapping segment;
    table::Mapping slots;
    uint64_t digest = 0;  // of the segment
};

struct Routes {
    Delivered delivered;
    table::RoutesView view;
    std::span<const live::Slot> slots;  // of counters (table/binding.h)
    route::Regexes regexes;
    std::vector<route::SplitState> splits;        // by rule
    std::vector<balance::RoundRobinState> turns;  // by backend
    Pin* pins = nullptr;                          // newest first

    // Where a rule counts what no backend answered, and where what this split of it did.
    live::Slot slot_of(const table::Rule& rule) const {
        return slots[slots[static_cast<size_t>(&rule - view.rules().data())]];
    }
    live::Slot slot_of(const table::Rule& rule, const table::Split& split) const {
        const size_t place = static_cast<size_t>(&split - view.splits_of(rule).data());
        return slots[slots[static_cast<size_t>(&rule - view.rules().data())] + 1 + place];
    }
};

struct Endpoints {
    Delivered delivered;
    table::EndpointsView view;
    std::span<const live::Slot> slots;  // load slots, by endpoint
};

class Tables;

// Who pins a generation. When too many are mapped, the oldest has to go: whoever still pins it
// copies what it needs and lets go.
class PinOwner {
public:
    virtual void let_go() = 0;

protected:
    ~PinOwner() = default;
};

// Keeps one routes generation mapped. Stays where it is made; empty when there is no table.
class Pin {
public:
    explicit Pin(PinOwner& owner) : owner_(owner) {}
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    ~Pin() { release(); }
    // The newest generation. REQUIRES: nothing is pinned.
    void take(Tables& tables);
    void release();
    explicit operator bool() const { return routes_ != nullptr; }
    Routes& operator*() const { return *routes_; }
    Routes* operator->() const { return routes_; }

private:
    friend class Tables;
    PinOwner& owner_;
    Tables* tables_ = nullptr;
    Routes* routes_ = nullptr;
    Pin* newer_ = nullptr;
    Pin* older_ = nullptr;
};

class Tables {
public:
    // `seed` starts every recurrence somewhere else, so that workers and generations do not move in
    // step.
    explicit Tables(const live::Loads& loads, uint64_t seed) : loads_(loads), seed_(seed) {}

    // Verified bytes only (design 10.3). Loading changes nothing that runs; installing cannot fail.
    tl::expected<std::unique_ptr<Routes>, table::Refusal> load_routes(Delivered delivered);
    tl::expected<std::unique_ptr<Endpoints>, table::Refusal> load_endpoints(Delivered delivered);
    // At most limits::kGenerationsMapped are mapped afterwards.
    void install(std::unique_ptr<Routes> routes);
    // Returns the slots whose endpoints are gone; their idle connections can go.
    std::vector<live::Slot> install(std::unique_ptr<Endpoints> endpoints);

    bool ready() const { return routes_ != nullptr && endpoints_ != nullptr; }
    // Generations of routes mapped now, and at most ever.
    size_t mapped() const { return (routes_ ? 1 : 0) + old_.size(); }
    size_t mapped_most() const { return mapped_most_; }

    struct EndpointSet {
        std::span<const table::Endpoint> endpoints;
        std::span<const live::Slot> slots;
    };
    EndpointSet find(uint64_t backend_key) const;
    std::span<const live::Slot> bound_slots() const;

private:
    friend class Pin;
    void drop(Routes& routes);
    uint64_t next_seed();

    const live::Loads& loads_;
    uint64_t seed_;
    std::unique_ptr<Routes> routes_;
    std::vector<std::unique_ptr<Routes>> old_;  // replaced, still pinned; oldest first
    size_t mapped_most_ = 0;
    std::unique_ptr<Endpoints> endpoints_;
};

net::Address address_of(const table::Endpoint& endpoint);

}  // namespace sluice::exchange
