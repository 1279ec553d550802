// Verify, bind, show, answer; then copy.
#include "proxy/steward/keeper.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "proxy/notice/notice.h"
#include "proxy/steward/last_good.h"
#include "table/binding.h"
#include "table/builder.h"

namespace sluice::steward {
namespace {

using table::Message;
using table::MessageKind;
using table::Segment;

void say(const std::string& line) {
    notice::say("steward: " + line);
}

Answer refused(uint64_t generation, Reason reason, std::string why) {
    Answer answer;
    answer.message.kind = MessageKind::refused;
    answer.message.generation = generation;
    answer.message.reason = reason;
    answer.message.text = std::move(why);
    return answer;
}

constexpr std::array kCopied{Segment::routes, Segment::endpoints};

// What the copy holds, as a controller would publish it. Empty when something is missing.
std::optional<Answer> published_from(const std::string& directory) {
    Answer publish;
    publish.message.kind = MessageKind::publish;
    for (const Segment segment : kCopied) {
        auto saved = load(directory, segment);
        if (!saved) say("the last good copy is not used: " + saved.error());
        if (!saved || !*saved) return std::nullopt;
        auto sealed = table::seal("sluice-restored", (*saved)->bytes);
        if (!sealed) {
            say("the last good copy is not used: " + sealed.error().message);
            return std::nullopt;
        }
        Message& message = publish.message;
        message.generation = std::max(message.generation, (*saved)->generation);
        message.segments = static_cast<uint8_t>(message.segments | table::bit_of(segment));
        message.digests[static_cast<size_t>(segment)] = (*saved)->digest;
        publish.descriptors.push_back(std::move(*sealed));
    }
    if (publish.message.generation == 0) return std::nullopt;
    return publish;
}

}  // namespace

Keeper::Keeper(const live::Mapping& mapping, Current& current, std::string state)
    : binder_(mapping), current_(current), state_(std::move(state)) {}

Answer Keeper::publish(
    const Message& message, const std::vector<table::Descriptor>& fds, int64_t now_ns
) {
    const table::Digests before = verifier_.digests();
    auto verified = verifier_.verify(message, fds);
    if (!verified) {
        return refused(message.generation, verified.error().reason, verified.error().message);
    }
    Answer answer;
    answer.message.kind = MessageKind::running;
    answer.message.generation = message.generation;
    if (!bind(message, std::move(*verified), now_ns, answer)) {
        go_on(before, now_ns);
        return refused(message.generation, Reason::internal, "no memory for the slots");
    }
    owed_ = static_cast<uint8_t>(owed_ | message.segments);
    return answer;
}

void Keeper::catch_up() {
    if (replaced_) replaced_before_ = std::move(replaced_);
    copy();
}

void Keeper::sweep(int64_t now_ns) {
    replaced_before_.reset();
    binder_.sweep(now_ns);
}

std::optional<Answer> Keeper::restore(int64_t now_ns) {
    if (state_.empty()) return std::nullopt;
    auto saved = published_from(state_);
    if (!saved) return std::nullopt;
    const table::Digests before = verifier_.digests();
    auto verified = verifier_.verify(saved->message, saved->descriptors);
    if (!verified) {
        say("the last good copy is not used: " + verified.error().message);
        return std::nullopt;
    }
    saved->message.kind = MessageKind::restored;
    if (!bind(saved->message, std::move(*verified), now_ns, *saved)) {
        go_on(before, now_ns);
        return std::nullopt;
    }
    return saved;
}

// Binding began and failed. The table that runs has its names' slots again before any of them
// rests, and what is published next is measured against it.
void Keeper::go_on(const table::Digests& before, int64_t now_ns) {
    verifier_.take_back(before);
    const auto table = current_.get();
    if (table->routes) binder_.bind(table->routes->view, table->generation, now_ns);
    if (table->endpoints) binder_.bind(table->endpoints->view, table->generation, now_ns);
}

// The other threads see the new table as a whole, with its slots.
bool Keeper::bind(const Message& publish, Verified verified, int64_t now_ns, Answer& answer) {
    const uint64_t generation = publish.generation;
    auto next = std::make_shared<Table>(*current_.get());
    next->generation = generation;
    for (size_t i = 0; i < table::kPublishedSegments; ++i) next->digests[i] = publish.digests[i];
    next->since_ns = now_ns;
    if (verified.routes) {
        auto part = std::make_shared<RoutesPart>();
        part->mapping = std::move(*verified.routes);
        part->view = *table::RoutesView::attach(part->mapping.bytes());
        part->slots = binder_.bind(part->view, generation, now_ns);
        if (!add_slots(Segment::rule_slots, part->slots, publish.digests[0], answer)) return false;
        next->routes = std::move(part);
    }
    if (verified.endpoints) {
        auto part = std::make_shared<EndpointsPart>();
        part->mapping = std::move(*verified.endpoints);
        part->view = *table::EndpointsView::attach(part->mapping.bytes());
        part->slots = binder_.bind(part->view, generation, now_ns);
        if (!add_slots(Segment::endpoint_slots, part->slots, publish.digests[1], answer)) {
            return false;
        }
        next->endpoints = std::move(part);
    }
    replaced_ = current_.get();
    current_.set(std::move(next));
    return true;
}

bool Keeper::add_slots(
    Segment segment, const std::vector<uint32_t>& slots, uint64_t digest, Answer& answer
) {
    const std::vector<std::byte> bytes = table::binding_bytes(digest, slots);
    auto sealed = table::seal("sluice-slots", bytes);
    if (!sealed) {
        say(sealed.error().message);
        return false;
    }
    Message& message = answer.message;
    message.segments = static_cast<uint8_t>(message.segments | table::bit_of(segment));
    message.digests[static_cast<size_t>(segment)] = table::digest(bytes);
    answer.descriptors.push_back(std::move(*sealed));
    return true;
}

// What came, and what an earlier copy failed to write; the files are then those of one table.
void Keeper::copy() {
    if (state_.empty() || owed_ == 0) return;
    const auto table = current_.get();
    std::vector<Copied> copies;
    for (const Segment segment : kCopied) {
        if ((owed_ & table::bit_of(segment)) == 0) continue;
        const table::Mapping& mapping =
            segment == Segment::routes ? table->routes->mapping : table->endpoints->mapping;
        const uint64_t digest = table->digests[static_cast<size_t>(segment)];
        copies.push_back({segment, table->generation, digest, mapping.bytes()});
    }
    const auto saved = save(state_, copies);
    if (saved) {
        owed_ = 0;
    } else {
        say("the last good copy is out of date: " + saved.error());
    }
}

}  // namespace sluice::steward
