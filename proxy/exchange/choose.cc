// Rule to upstream: split over backends, pick an endpoint, lease a connection.
#include "proxy/balance/pick.h"
#include "proxy/exchange/exchange.h"
#include "proxy/route/split.h"

namespace sluice::exchange {

// A share whose backend has no ready endpoint goes to the others in proportion; a reference that
// does not exist keeps its share and is answered with an error (design 10.14).
Reason Exchange::choose_backend(uint32_t& backend) const {
    const table::RoutesView& view = routes_->view;
    const size_t index = static_cast<size_t>(rule_ - view.rules().data());
    const uint32_t draw = routes_->splits[index].draw();
    const table::Split* split = &route::choose(view, *rule_, draw);
    const auto usable = [&](const table::Split& candidate) {
        return candidate.backend == table::kNone ||
               !services_.tables.find(view.backends()[candidate.backend].key).endpoints.empty();
    };
    if (!usable(*split)) split = route::choose_among(view, *rule_, draw, usable);
    if (split == nullptr) return Reason::no_endpoints;
    if (split->backend == table::kNone) return static_cast<Reason>(split->reason);
    backend = split->backend;
    return Reason::ok;
}

bool Exchange::open() {
    const Reason reason = choose_backend(backend_);
    if (reason != Reason::ok) {
        refuse(reason);
        return false;
    }
    return lease_from(backend_);
}

// A connect that fails at once (no route, forbidden) is lawful to repeat elsewhere like any other.
bool Exchange::lease_from(uint32_t backend) {
    Failure failure;
    while (tried_.count < limits::kAttempts) {
        if (lease_one(backend, failure)) return true;
        if (failure.side != upstream::Side::upstream) break;
    }
    refuse(failure.reason);
    return false;
}

bool Exchange::lease_one(uint32_t backend, Failure& failure) {
    const Tables::EndpointSet set = services_.tables.find(routes_->view.backends()[backend].key);
    const uint32_t picked = balance::pick(
        rule_->policy,
        set.slots,
        services_.loads,
        tried_,
        routes_->turns[backend],
        services_.random.draw()
    );
    if (picked == balance::kNoPick) {
        failure = {upstream::Side::gateway, Reason::no_endpoints};
        return false;
    }
    const live::Slot slot = set.slots[picked];
    tried_.add(slot);
    upstream_ = services_.upstreams.lease(slot, address_of(set.endpoints[picked]), failure);
    if (upstream_ == nullptr) return false;
    slot_ = slot;
    services_.loads.begin(slot);
    net::Waiter& waiter = client_.waiter();
    upstream_->source().attach(waiter, net::kUpstreamShift);
    waiter.upstream = &upstream_->source();
    return true;
}

void Exchange::release_upstream(bool reusable) {
    if (upstream_ == nullptr) return;
    client_.waiter().upstream = nullptr;
    services_.loads.end(slot_);
    services_.upstreams.give_back(*upstream_, reusable);
    upstream_ = nullptr;
}

}  // namespace sluice::exchange
