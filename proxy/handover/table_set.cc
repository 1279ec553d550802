// Pairs of segments, and their way into and out of a message.
#include "proxy/handover/table_set.h"

#include <utility>
#include <vector>

namespace sluice::handover {
namespace {

using table::Message;
using table::MessageKind;
using table::Segment;

constexpr uint8_t kRoutes = bit_of(Segment::routes) | bit_of(Segment::rule_slots);
constexpr uint8_t kEndpoints = bit_of(Segment::endpoints) | bit_of(Segment::endpoint_slots);

bool has(uint8_t segments, size_t segment) {
    return (segments >> segment & 1) != 0;
}

}  // namespace

size_t slots_of(size_t segment) {
    if (segment == static_cast<size_t>(Segment::routes)) {
        return static_cast<size_t>(Segment::rule_slots);
    }
    if (segment == static_cast<size_t>(Segment::endpoints)) {
        return static_cast<size_t>(Segment::endpoint_slots);
    }
    return table::kSegments;
}

uint8_t unknown_to(const table::Digests& known, const TableSet& set) {
    uint8_t differ = 0;
    for (size_t i = 0; i < table::kSegments; ++i) {
        if (set.digests[i] != known[i]) differ = static_cast<uint8_t>(differ | 1U << i);
    }
    if ((differ & kRoutes) != 0) differ |= kRoutes;
    if ((differ & kEndpoints) != 0) differ |= kEndpoints;
    return differ;
}

bool publish(int channel, const TableSet& set, uint8_t segments) {
    Message message;
    message.kind = MessageKind::publish;
    message.generation = set.generation;
    message.digests = set.digests;
    std::vector<int> descriptors;
    for (size_t i = 0; i < table::kSegments; ++i) {
        if (!set.descriptors[i] || !has(segments, i)) continue;
        message.segments = static_cast<uint8_t>(message.segments | 1U << i);
        descriptors.push_back(set.descriptors[i].get());
    }
    return table::send(channel, message, descriptors).has_value();
}

void take_descriptors(TableSet& set, table::Received& received) {
    auto next = received.descriptors.begin();
    for (size_t i = 0; i < table::kSegments; ++i) {
        if (has(received.message.segments, i)) set.descriptors[i] = std::move(*next++);
    }
}

}  // namespace sluice::handover
