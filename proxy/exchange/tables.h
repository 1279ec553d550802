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

struct Routes {
    table::Mapping mapping;
    table::RoutesView view;
    route::Regexes regexes;
    std::vector<route::SplitState> splits;        // by rule
    std::vector<balance::RoundRobinState> turns;  // by backend
    uint32_t pins = 0;
};

struct Endpoints {
    table::Mapping mapping;
    table::EndpointsView view;
    std::vector<live::Slot> slots;  // by endpoint
};

class Tables;

// Keeps one routes generation mapped while it lives. Move-only; empty when there is no table.
class Pin {
public:
    Pin() = default;
    Pin(Tables& tables, Routes& routes) : tables_(&tables), routes_(&routes) { ++routes.pins; }
    Pin(Pin&& other) noexcept : tables_(other.tables_), routes_(other.routes_) {
        other.routes_ = nullptr;
    }
    Pin& operator=(Pin&& other) noexcept;
    ~Pin() { release(); }
    void release();
    explicit operator bool() const { return routes_ != nullptr; }
    Routes& operator*() const { return *routes_; }
    Routes* operator->() const { return routes_; }

private:
    Tables* tables_ = nullptr;
    Routes* routes_ = nullptr;
};

class Tables {
public:
    // `seed` starts every recurrence somewhere else, so that workers and generations do not move in
    // step.
    explicit Tables(live::Loads& loads, uint64_t seed) : loads_(loads), seed_(seed) {}

    // Verified bytes only (design 10.3). Loading changes nothing that runs; installing cannot fail.
    tl::expected<std::unique_ptr<Routes>, table::Refusal> load_routes(table::Mapping mapping);
    tl::expected<std::unique_ptr<Endpoints>, table::Refusal> load_endpoints(table::Mapping mapping);
    void install(std::unique_ptr<Routes> routes);
    // Returns the slots whose endpoints are gone; their idle connections can go.
    std::vector<live::Slot> install(std::unique_ptr<Endpoints> endpoints);

    bool ready() const { return routes_ != nullptr && endpoints_ != nullptr; }
    Pin pin() { return routes_ == nullptr ? Pin() : Pin(*this, *routes_); }
    size_t mapped() const { return (routes_ ? 1 : 0) + old_.size(); }

    struct EndpointSet {
        std::span<const table::Endpoint> endpoints;
        std::span<const live::Slot> slots;
    };
    EndpointSet find(uint64_t backend_key) const;
    std::span<const live::Slot> bound_slots() const;

private:
    friend class Pin;
    void unpin(Routes& routes);
    uint64_t next_seed();

    live::Loads& loads_;
    uint64_t seed_;
    std::unique_ptr<Routes> routes_;
    std::vector<std::unique_ptr<Routes>> old_;  // replaced, still pinned
    std::unique_ptr<Endpoints> endpoints_;
};

net::Address address_of(const table::Endpoint& endpoint);

}  // namespace sluice::exchange
