// Deliveries of verified segments, applied in one loop turn each.
#include "proxy/worker/tables_channel.h"

#include <array>
#include <memory>

#include <fcntl.h>

#include "table/channel.h"

namespace sluice::worker {

namespace {

using table::MessageKind;
using table::Segment;
using Mappings = std::array<table::Mapping, table::kSegments>;

bool comes(const table::Message& message, Segment segment) {
    return (message.segments & table::bit_of(segment)) != 0;
}

// Segments and their slots come together or not at all.
bool paired(const table::Message& message) {
    return comes(message, Segment::routes) == comes(message, Segment::rule_slots) &&
           comes(message, Segment::endpoints) == comes(message, Segment::endpoint_slots);
}

exchange::Delivered delivered(
    const table::Message& message, Mappings& mappings, Segment segment, Segment slots
) {
    const auto place = [](Segment which) { return static_cast<size_t>(which); };
    return {
        std::move(mappings[place(segment)]),
        std::move(mappings[place(slots)]),
        message.digests[place(segment)],
    };
}

}  // namespace

TablesChannel::TablesChannel(
    exchange::Services& services,
    net::Poller& poller,
    upstream::Pool& pool,
    live::WorkerRecord& record,
    uint32_t worker,
    Orders& orders
)
    : services_(services),
      pool_(pool),
      poller_(poller),
      record_(record),
      worker_(worker),
      orders_(orders) {
    waiter_.client = &socket_.source;
}

void TablesChannel::start(int fd) {
    socket_.fd = fd;
    socket_.source.attach(waiter_, net::kClientShift);
    poller_.add(socket_, true);
    hold_places();
    receive_loop();
}

void TablesChannel::hold_places() {
    for (table::Descriptor& place : places_) {
        place = table::Descriptor(::fcntl(socket_.fd, F_DUPFD_CLOEXEC, 0));
    }
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
    for (table::Descriptor& place : places_) place = table::Descriptor();
    auto received = table::receive(socket_.fd);
    const bool sound = received && !received->closed;
    if (sound && received->message.kind == MessageKind::publish) take_tables(*received);
    if (received) received->descriptors.clear();  // mapped by now
    hold_places();
    if (!sound) closed_ = true;
    if (closed_) return false;
    if (received->again) {
        socket_.source.bits &= static_cast<uint8_t>(~net::kReadable);
        return false;
    }
    obey(received->message);
    return !closed_;
}

void TablesChannel::obey(const table::Message& message) {
    if (message.kind == MessageKind::drain) orders_.drain();
    if (message.kind == MessageKind::adopt) orders_.adopt(message.worker);
    if (message.kind == MessageKind::release) orders_.release(message.worker);
}

void TablesChannel::take_tables(const table::Received& received) {
    table::Message answer;
    answer.reason = apply(received);
    answer.kind = answer.reason == Reason::ok ? MessageKind::running : MessageKind::refused;
    answer.worker = static_cast<uint16_t>(worker_);
    answer.generation = received.message.generation;
    if (answer.reason == Reason::ok) {
        record_.generation.store(answer.generation, std::memory_order_relaxed);
    }
    if (!table::send(socket_.fd, answer)) closed_ = true;
}

// All segments are loaded before one is installed: a delivery runs whole or not at all.
Reason TablesChannel::apply(const table::Received& received) {
    const table::Message& message = received.message;
    if (!paired(message)) return Reason::message_malformed;
    Mappings mappings;
    size_t next = 0;
    for (size_t segment = 0; segment < table::kSegments; ++segment) {
        if ((message.segments >> segment & 1) == 0) continue;
        auto mapping = table::Mapping::map(received.descriptors[next++].get());
        if (!mapping) return mapping.error().reason;
        mappings[segment] = std::move(*mapping);
    }
    std::unique_ptr<exchange::Routes> routes;
    std::unique_ptr<exchange::Endpoints> endpoints;
    if (comes(message, Segment::routes)) {
        auto loaded = services_.tables.load_routes(
            delivered(message, mappings, Segment::routes, Segment::rule_slots)
        );
        if (!loaded) return loaded.error().reason;
        routes = std::move(*loaded);
    }
    if (comes(message, Segment::endpoints)) {
        auto loaded = services_.tables.load_endpoints(
            delivered(message, mappings, Segment::endpoints, Segment::endpoint_slots)
        );
        if (!loaded) return loaded.error().reason;
        endpoints = std::move(*loaded);
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
