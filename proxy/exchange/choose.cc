// Rule to upstream: split over backends, pick an endpoint, lease a connection.
#include "proxy/balance/pick.h"
#include "proxy/exchange/exchange.h"
#include "proxy/route/split.h"

namespace sluice::exchange {

Reason Exchange::choose_backend() {
    const table::RoutesView& view = routes_->view;
    const size_t index = static_cast<size_t>(rule_ - view.rules().data());
    const uint32_t draw = routes_->splits[index].draw();
    const table::Split* const split =
        route::choose_usable(view, *rule_, draw, [this](const table::Backend& backend) {
            return !services_.tables.find(backend.key).endpoints.empty();
        });
    if (split == nullptr) return Reason::no_endpoints;
    account_.route(routes_->slot_of(*rule_, *split), rule_->key_low);
    if (split->backend == table::kNone) return static_cast<Reason>(split->reason);
    backend_ = split->backend;
    backend_key_ = view.backends()[backend_].key;
    policy_ = view.conduct_of(*rule_).policy;
    return Reason::ok;
}

bool Exchange::open() {
    const Reason reason = choose_backend();
    if (reason != Reason::ok) {
        refuse(reason);
        return false;
    }
    return lease();
}

// A connect that fails at once (no route, forbidden, no local port towards this endpoint) is lawful
// to repeat elsewhere like any other.
bool Exchange::lease() {
    Failure failure;
    while (tried_.count < limits::kAttempts) {
        if (lease_one(failure)) return true;
        const bool elsewhere = failure.reason == Reason::no_local_port &&
                               tried_.count < services_.tables.find(backend_key_).slots.size();
        if (failure.side != upstream::Side::upstream && !elsewhere) break;
    }
    refuse(failure.reason);
    return false;
}

bool Exchange::lease_one(Failure& failure) {
    const Tables::EndpointSet set = services_.tables.find(backend_key_);
    balance::RoundRobinState anywhere;
    if (!routes_) anywhere.next = static_cast<uint32_t>(services_.random.draw());
    balance::RoundRobinState& turn = routes_ ? routes_->turns[backend_] : anywhere;
    const uint32_t picked =
        balance::pick(policy_, set.slots, services_.loads, tried_, turn, services_.random.draw());
    if (picked == balance::kNoPick) {
        failure = {upstream::Side::gateway, Reason::no_endpoints};
        return false;
    }
    const live::Slot slot = set.slots[picked];
    const net::Address address = address_of(set.endpoints[picked]);
    tried_.add(slot);
    account_.lease(slot, address);
    upstream_ = services_.upstreams.lease(slot, address, failure);
    if (upstream_ == nullptr) {
        account_.release(failure.side == upstream::Side::upstream);
        return false;
    }
    net::Waiter& waiter = client_.waiter();
    upstream_->source().attach(waiter, net::kUpstreamShift);
    waiter.upstream = &upstream_->source();
    client_.lend(upstream_);
    return true;
}

void Exchange::release_upstream(bool reusable, bool failed) {
    if (upstream_ == nullptr) return;
    client_.waiter().upstream = nullptr;
    client_.lend(nullptr);
    account_.release(failed);
    services_.upstreams.give_back(*upstream_, reusable);
    upstream_ = nullptr;
}

// Too many generations are mapped and this one is the oldest: what the response still needs of it
// is copied (design 10.4).
void Exchange::let_go() {
    const table::Conduct& conduct = routes_->view.conduct_of(*rule_);
    kept_edits_ =
        std::make_unique<filter::Edits>(filter::copy(routes_->view, conduct.response_edits));
    rule_ = nullptr;
    match_ = nullptr;
    routes_.release();
}

}  // namespace sluice::exchange
