// Deliveries of verified segments, applied in one loop turn each.
#include "proxy/worker/tables_channel.h"

#include <memory>

#include "table/channel.h"

namespace sluice::worker {

TablesChannel::TablesChannel(
    exchange::Services& services,
    net::Poller& poller,
    upstream::Pool& pool,
    uint32_t worker,
    std::function<void()> on_drain
)
    : services_(services),
      pool_(pool),
      poller_(poller),
      worker_(worker),
      on_drain_(std::move(on_drain)) {
    waiter_.client = &socket_.source;
}

void TablesChannel::start(int fd) {
    socket_.fd = fd;
    socket_.source.attach(waiter_, net::kClientShift);
    poller_.add(socket_, true);
    receive_loop();
}

net::Detached TablesChannel::receive_loop() {
    for (;;) {
        while (take_one()) {
        }
        if (closed_) co_return;
        co_await waiter_.wake(net::kClientReadable);
    }
}

// False: nothing more for now.
bool TablesChannel::take_one() {
    auto received = table::receive(socket_.fd);
    if (!received || received->closed) {
        closed_ = true;
        return false;
    }
    if (received->again) {
        socket_.source.bits &= static_cast<uint8_t>(~net::kReadable);
        return false;
    }
    const table::Message message = received->message;
    if (message.kind == table::MessageKind::drain) {
        on_drain_();
        return true;
    }
    if (message.kind != table::MessageKind::publish) return true;
    table::Message answer;
    answer.reason = apply(*received);
    answer.kind =
        answer.reason == Reason::ok ? table::MessageKind::running : table::MessageKind::refused;
    answer.worker = static_cast<uint16_t>(worker_);
    answer.generation = message.generation;
    if (!table::send(socket_.fd, answer)) closed_ = true;
    return !closed_;
}

// All segments are loaded before one is installed: a delivery runs whole or not at all.
Reason TablesChannel::apply(const table::Received& received) {
    std::unique_ptr<exchange::Routes> routes;
    std::unique_ptr<exchange::Endpoints> endpoints;
    size_t next = 0;
    for (size_t segment = 0; segment < table::kSegments; ++segment) {
        if ((received.message.segments >> segment & 1) == 0) continue;
        if (next >= received.descriptors.size()) return Reason::message_malformed;
        auto mapping = table::Mapping::map(received.descriptors[next++].get());
        if (!mapping) return mapping.error().reason;
        if (segment == static_cast<size_t>(table::Segment::routes)) {
            auto loaded = services_.tables.load_routes(std::move(*mapping));
            if (!loaded) return loaded.error().reason;
            routes = std::move(*loaded);
        } else if (segment == static_cast<size_t>(table::Segment::endpoints)) {
            auto loaded = services_.tables.load_endpoints(std::move(*mapping));
            if (!loaded) return loaded.error().reason;
            endpoints = std::move(*loaded);
        }
    }
    if (routes) services_.tables.install(std::move(routes));
    if (endpoints) swap_slots(services_.tables.install(std::move(endpoints)));
    return Reason::ok;
}

// Connections to endpoints that left the table are closed at once; they may be gone already.
void TablesChannel::swap_slots(const std::vector<live::Slot>& retired) {
    for (const live::Slot slot : services_.tables.bound_slots()) pool_.revive(slot);
    for (const live::Slot slot : retired) pool_.retire(slot);
}

}  // namespace sluice::worker
