// Swapping and unpinning generations.
#include "proxy/exchange/tables.h"

#include <algorithm>

namespace sluice::exchange {

void Pin::release() {
    if (routes_ == nullptr) return;
    Routes& routes = *routes_;
    routes_ = nullptr;
    tables_->unpin(routes);
}

Pin& Pin::operator=(Pin&& other) noexcept {
    if (this == &other) return *this;
    release();
    tables_ = other.tables_;
    routes_ = other.routes_;
    other.routes_ = nullptr;
    return *this;
}

void Tables::unpin(Routes& routes) {
    if (--routes.pins > 0 || &routes == routes_.get()) return;
    std::erase_if(old_, [&](const auto& old) { return old.get() == &routes; });
}

uint64_t Tables::next_seed() {
    return seed_ += 0x9e3779b97f4a7c15ull;
}

tl::expected<std::unique_ptr<Routes>, table::Refusal> Tables::load_routes(table::Mapping mapping) {
    auto next = std::make_unique<Routes>();
    next->mapping = std::move(mapping);
    auto view = table::RoutesView::attach(next->mapping.bytes());
    if (!view) return tl::unexpected<table::Refusal>(view.error());
    next->view = *view;
    next->regexes = route::Regexes::of(next->view, routes_ ? &routes_->regexes : nullptr);
    next->splits.resize(next->view.rules().size());
    next->turns.resize(next->view.backends().size());
    for (auto& split : next->splits) split.position = static_cast<uint32_t>(next_seed() >> 32);
    for (auto& turn : next->turns) turn.next = static_cast<uint32_t>(next_seed() >> 32);
    return next;
}

tl::expected<std::unique_ptr<Endpoints>, table::Refusal> Tables::load_endpoints(
    table::Mapping mapping
) {
    auto next = std::make_unique<Endpoints>();
    next->mapping = std::move(mapping);
    auto view = table::EndpointsView::attach(next->mapping.bytes());
    if (!view) return tl::unexpected<table::Refusal>(view.error());
    next->view = *view;
    return next;
}

void Tables::install(std::unique_ptr<Routes> routes) {
    if (routes_ && routes_->pins > 0) old_.push_back(std::move(routes_));
    routes_ = std::move(routes);
}

std::vector<live::Slot> Tables::install(std::unique_ptr<Endpoints> endpoints) {
    std::vector<live::Identity> identities;
    identities.reserve(endpoints->view.endpoints().size());
    for (const table::Endpoint& endpoint : endpoints->view.endpoints()) {
        identities.push_back({endpoint.identity_high, endpoint.identity_low});
    }
    std::vector<live::Slot> retired;
    endpoints->slots = loads_.bind(identities, retired);
    endpoints_ = std::move(endpoints);
    return retired;
}

Tables::EndpointSet Tables::find(uint64_t backend_key) const {
    if (endpoints_ == nullptr) return {};
    const auto endpoints = endpoints_->view.find(backend_key);
    if (endpoints.empty()) return {};
    const size_t first = endpoints_->view.index(endpoints.front());
    return {endpoints, std::span(endpoints_->slots).subspan(first, endpoints.size())};
}

std::span<const live::Slot> Tables::bound_slots() const {
    if (endpoints_ == nullptr) return {};
    return endpoints_->slots;
}

net::Address address_of(const table::Endpoint& endpoint) {
    return {endpoint.address, endpoint.port};
}

}  // namespace sluice::exchange
