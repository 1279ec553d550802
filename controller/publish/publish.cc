// One generation in flight, the newest next, and a connection that comes back.
#include "controller/publish/publish.h"

#include <algorithm>
#include <utility>

#include "table/builder.h"
#include "table/limits.h"
#include "table/view.h"

namespace sluice::publish {
namespace {

using table::Message;
using table::MessageKind;

constexpr int64_t kFirstDelayNs = 50'000'000;
constexpr int64_t kLongestDelayNs = 1'000'000'000;
// Longer than any pause: two controllers on one socket put each other out after the other's pause,
// and must not take that for a life.
constexpr int64_t kSettledNs = 5'000'000'000;
constexpr int64_t kFirstRetryNs = 1'000'000'000;
constexpr int64_t kLongestRetryNs = 30'000'000'000;
constexpr const char* kNames[] = {"sluice-routes", "sluice-endpoints"};

// What the proxy adds to a table (slots) is no business of ours.
table::Digests published(table::Digests digests) {
    std::fill(digests.begin() + table::kPublishedSegments, digests.end(), 0);
    return digests;
}

}  // namespace

bool Publisher::offer(std::span<const std::byte> routes, std::span<const std::byte> endpoints) {
    auto new_routes = hold(table::Segment::routes, routes);
    auto new_endpoints = hold(table::Segment::endpoints, endpoints);
    if (!new_routes || !new_endpoints) return false;  // both or none: they were made for each other
    replace(table::Segment::routes, std::move(*new_routes));
    replace(table::Segment::endpoints, std::move(*new_endpoints));
    return true;
}

bool Publisher::offer_endpoints(std::span<const std::byte> endpoints) {
    auto held = hold(table::Segment::endpoints, endpoints);
    if (!held) return false;
    replace(table::Segment::endpoints, std::move(*held));
    return true;
}

std::optional<Held> Publisher::hold(table::Segment segment, std::span<const std::byte> bytes) {
    const auto index = static_cast<size_t>(segment);
    Held held;
    // What does not fit is not worth reading; seal() says why.
    if (bytes.size() <= limits::kSegmentBytes) held.digest = table::digest(bytes);
    if (held_[index].memory && held_[index].digest == held.digest) return held;
    auto memory = table::seal(kNames[index], bytes);
    if (!memory) {
        Event event{Event::Kind::refused};
        event.reason = memory.error().reason;
        event.message = memory.error().message;
        events_.push_back(std::move(event));
        return std::nullopt;
    }
    held.size = bytes.size();
    held.memory = std::move(*memory);
    return held;
}

void Publisher::replace(table::Segment segment, Held held) {
    unsent_ = true;
    if (held.memory) held_[static_cast<size_t>(segment)] = std::move(held);
}

table::Digests Publisher::offered() const {
    table::Digests digests{};
    for (size_t i = 0; i < kOffered; ++i) digests[i] = held_[i].digest;
    return digests;
}

std::optional<int64_t> Publisher::due() const {
    if (!events_.empty()) return 0;
    if (!socket_) return connect_at_;
    if (!session_ || session_->flight) return std::nullopt;
    return unsent_ ? 0 : session_->retry_at;
}

std::vector<Event> Publisher::step(int64_t now) {
    if (!socket_ && now >= connect_at_) connect(now);
    read(now);
    publish_newest(now);
    return std::exchange(events_, {});
}

void Publisher::connect(int64_t now) {
    auto socket = table::connect_to(path_);
    if (!socket) return disconnect(now);
    socket_ = std::move(*socket);
}

void Publisher::disconnect(int64_t now) {
    if (session_) {
        const bool settled = now - session_->since >= kSettledNs;
        if (settled) delay_ = 0;
        Event event{Event::Kind::disconnected};
        if (!settled) event.message = "soon after hello; does another controller use this socket?";
        events_.push_back(std::move(event));
    }
    socket_ = table::Descriptor();
    session_.reset();
    unsent_ = true;
    delay_ = delay_ == 0 ? kFirstDelayNs : std::min(2 * delay_, kLongestDelayNs);
    connect_at_ = now + delay_;
}

void Publisher::read(int64_t now) {
    while (socket_) {
        auto received = table::receive(socket_.get());
        if (!received || received->closed) return disconnect(now);
        if (received->again) return;
        take(received->message, now);
    }
}

void Publisher::take(const Message& message, int64_t now) {
    // Hello comes first and once; whoever breaks that is no supervisor of ours.
    if ((message.kind == MessageKind::hello) == session_.has_value()) return disconnect(now);
    switch (message.kind) {
        case MessageKind::hello:
            return take_hello(message, now);
        case MessageKind::refused:
            return take_refused(message, now);
        case MessageKind::running:
            return land(message);
        case MessageKind::late:
            return land(message);
        case MessageKind::heartbeat:
            return;
        default:
            return disconnect(now);
    }
}

void Publisher::take_hello(const Message& message, int64_t now) {
    if (message.schema != table::schema_hash()) {
        Event event{Event::Kind::refused};
        event.reason = Reason::table_foreign_schema;
        event.message = "the proxy is build \"" + message.text +
                        "\" with another table schema; run both containers from one image";
        events_.push_back(std::move(event));
        return disconnect(now);
    }
    session_.emplace();
    session_->since = now;
    session_->highest = message.generation;
    session_->accepted = published(message.digests);
    events_.push_back(Event{Event::Kind::connected, message.generation});
}

// The proxy keeps what it had. Why it refused may be that we are wrong about what that is.
void Publisher::take_refused(const Message& message, int64_t now) {
    Event event{Event::Kind::refused, message.generation, message.reason};
    event.message = message.text;
    events_.push_back(std::move(event));
    if (message.reason == Reason::generation_stale) return disconnect(now);
    if (!session_->flight || session_->flight->generation != message.generation) return;
    session_->flight.reset();
    session_->known = false;
    // Nobody found fault with the table: there was no steward, or two died, of what is not known.
    if (message.reason != Reason::steward_died) return;
    retry_delay_ = retry_delay_ == 0 ? kFirstRetryNs : std::min(2 * retry_delay_, kLongestRetryNs);
    session_->retry_at = now + retry_delay_;
}

// Verified: from now on the proxy keeps it, whether or not each worker runs it yet.
void Publisher::land(const Message& message) {
    Session& session = *session_;
    if (session.flight && session.flight->generation == message.generation) {
        session.accepted = session.flight->digests;
        session.known = true;
        session.running = 0;
        session.flight.reset();
        retry_delay_ = 0;
    }
    const bool runs = message.kind == MessageKind::running;
    if (runs) session.running = message.generation;
    Event event{runs ? Event::Kind::running : Event::Kind::late, message.generation};
    event.worker = message.worker;
    event.digests = session.accepted;
    events_.push_back(std::move(event));
}

void Publisher::publish_newest(int64_t now) {
    if (!session_ || session_->flight) return;
    if (session_->retry_at && now >= *session_->retry_at) unsent_ = true;
    if (!unsent_) return;
    session_->retry_at.reset();
    const bool whole =
        std::all_of(held_.begin(), held_.end(), [](const Held& held) { return bool(held.memory); });
    unsent_ = false;
    if (!whole) return;
    if (offered() == session_->accepted) {
        // Not running yet: the supervisor says so when it does.
        if (session_->running == 0) return;
        Event event{Event::Kind::running, session_->running};
        event.digests = session_->accepted;
        events_.push_back(std::move(event));
        return;
    }
    session_->flight = Flight{++session_->highest, offered()};
    if (!send(*session_->flight)) disconnect(now);
}

bool Publisher::send(const Flight& flight) {
    Message message;
    message.kind = MessageKind::publish;
    message.generation = flight.generation;
    message.digests = flight.digests;
    std::vector<int> descriptors;
    for (size_t i = 0; i < kOffered; ++i) {
        if (session_->known && flight.digests[i] == session_->accepted[i]) continue;
        message.segments = static_cast<uint8_t>(message.segments | 1U << i);
        descriptors.push_back(held_[i].memory.get());
    }
    if (!table::send(socket_.get(), message, descriptors)) return false;
    for (size_t i = 0; i < kOffered; ++i) {
        if ((message.segments >> i & 1U) != 0) bytes_sent_[i] += held_[i].size;
    }
    return true;
}

}  // namespace sluice::publish
