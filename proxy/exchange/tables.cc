// Swapping and unpinning generations.
#include "proxy/exchange/tables.h"

#include <algorithm>

#include "table/binding.h"
#include "table/limits.h"

namespace sluice::exchange {

namespace {

// Load slots index the pool's lists: one beyond the live state is refused, not clamped.
tl::expected<std::span<const live::Slot>, table::Refusal> load_slots(
    const Delivered& delivered, size_t count, uint32_t capacity
) {
    auto slots = table::binding_slots(delivered.slots.bytes(), delivered.digest, count);
    if (!slots) return slots;
    const auto outside = [capacity](live::Slot slot) { return slot >= capacity; };
    if (std::any_of(slots->begin(), slots->end(), outside)) {
        return tl::unexpected<table::Refusal>(
            table::Refusal{Reason::table_bad_reference, "a slot beyond the live state"}
        );
    }
    return slots;
}

}  // namespace

void Pin::take(Tables& tables) {
    if (tables.routes_ == nullptr) return;
    tables_ = &tables;
    routes_ = tables.routes_.get();
    older_ = routes_->pins;
    newer_ = nullptr;
    if (older_ != nullptr) older_->newer_ = this;
    routes_->pins = this;
}

void Pin::release() {
    if (routes_ == nullptr) return;
    Routes& routes = *routes_;
    routes_ = nullptr;
    (newer_ != nullptr ? newer_->older_ : routes.pins) = older_;
    if (older_ != nullptr) older_->newer_ = newer_;
    if (routes.pins == nullptr) tables_->drop(routes);
}

// Nobody pins it: gone, unless new requests use it.
void Tables::drop(Routes& routes) {
    if (&routes == routes_.get()) return;
    std::erase_if(old_, [&](const auto& old) { return old.get() == &routes; });
}

uint64_t Tables::next_seed() {
    return seed_ += 0x9e3779b97f4a7c15ull;
}

tl::expected<std::unique_ptr<Routes>, table::Refusal> Tables::load_routes(Delivered delivered) {
    auto next = std::make_unique<Routes>();
    next->delivered = std::move(delivered);
    auto view = table::RoutesView::attach(next->delivered.segment.bytes());
    if (!view) return tl::unexpected<table::Refusal>(view.error());
    next->view = *view;
    auto slots =
        table::rule_slots(next->delivered.slots.bytes(), next->delivered.digest, next->view);
    if (!slots) return tl::unexpected<table::Refusal>(slots.error());
    next->slots = *slots;
    next->regexes = route::Regexes::of(next->view, routes_ ? &routes_->regexes : nullptr);
    next->splits.resize(next->view.rules().size());
    next->turns.resize(next->view.backends().size());
    for (auto& split : next->splits) split.position = static_cast<uint32_t>(next_seed() >> 32);
    for (auto& turn : next->turns) turn.next = static_cast<uint32_t>(next_seed() >> 32);
    return next;
}

tl::expected<std::unique_ptr<Endpoints>, table::Refusal> Tables::load_endpoints(Delivered delivered
) {
    auto next = std::make_unique<Endpoints>();
    next->delivered = std::move(delivered);
    auto view = table::EndpointsView::attach(next->delivered.segment.bytes());
    if (!view) return tl::unexpected<table::Refusal>(view.error());
    next->view = *view;
    auto slots = load_slots(next->delivered, next->view.endpoints().size(), loads_.capacity());
    if (!slots) return tl::unexpected<table::Refusal>(slots.error());
    next->slots = *slots;
    return next;
}

void Tables::install(std::unique_ptr<Routes> routes) {
    if (routes_ && routes_->pins != nullptr) old_.push_back(std::move(routes_));
    routes_ = std::move(routes);
    // The last one that lets go unmaps it, which takes it out of old_.
    while (old_.size() >= limits::kGenerationsMapped) {
        Routes& oldest = *old_.front();
        Pin* const first = oldest.pins;
        first->owner_.let_go();
    }
    mapped_most_ = std::max(mapped_most_, mapped());
}

std::vector<live::Slot> Tables::install(std::unique_ptr<Endpoints> endpoints) {
    std::vector<bool> named(loads_.capacity(), false);
    for (const live::Slot slot : endpoints->slots) named[slot] = true;
    std::vector<live::Slot> retired;
    for (const live::Slot slot : bound_slots()) {
        if (!named[slot]) retired.push_back(slot);
    }
    endpoints_ = std::move(endpoints);
    return retired;
}

Tables::EndpointSet Tables::find(uint64_t backend_key) const {
    if (endpoints_ == nullptr) return {};
    const auto endpoints = endpoints_->view.find(backend_key);
    if (endpoints.empty()) return {};
    const size_t first = endpoints_->view.index(endpoints.front());
    return {endpoints, endpoints_->slots.subspan(first, endpoints.size())};
}

std::span<const live::Slot> Tables::bound_slots() const {
    if (endpoints_ == nullptr) return {};
    return endpoints_->slots;
}

net::Address address_of(const table::Endpoint& endpoint) {
    return {endpoint.address, endpoint.port};
}

}  // namespace sluice::exchange
