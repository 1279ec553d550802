// A pod without processes: a real mapping, a table bound by the real keeper, and whoever counts.
#pragma once

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include <unistd.h>

#include "proxy/live/counters.h"
#include "proxy/live/loads.h"
#include "proxy/steward/keeper.h"
#include "proxy/steward/metrics.h"
#include "tests/unit/steward/tables.h"

namespace sluice::steward::test {

inline live::Mapping make_mapping(const live::Sizes& sizes) {
    int fd = -1;
    auto made = live::Mapping::create(sizes, fd);
    EXPECT_TRUE(made) << made.error();
    ::close(fd);
    return made ? std::move(*made) : live::Mapping();
}

inline constexpr live::Sizes kSizes{
    .workers = 2, .load_slots = 512, .counter_slots = 512, .log_ring_bytes = 8192
};

struct Pod {
    explicit Pod(const live::Sizes& sizes = kSizes) : mapping(make_mapping(sizes)) {}

    // Puts a table in force, as a publish would.
    void run(const table::Bytes& routes, const table::Bytes& endpoints) {
        Publish publish(++generation);
        publish.with(table::Segment::routes, routes);
        publish.with(table::Segment::endpoints, endpoints);
        const Answer answer = keeper.publish(publish.message, publish.descriptors, 1'000);
        ASSERT_EQ(answer.message.kind, table::MessageKind::running) << answer.message.text;
    }
    // The counter slot of the nth split of a rule (-1: what no backend answered).
    live::Slot slot(size_t rule, int split) const {
        const auto& slots = current.get()->routes->slots;
        return slots.at(slots.at(rule) + static_cast<size_t>(split + 1));
    }
    std::string page(Response response) const {
        std::string text = std::move(response.body);
        if (!response.pieces) return text;
        while (response.pieces(text)) {
        }
        return text;
    }
    Sources sources() const { return {build, mapping, current, log}; }

    live::Mapping mapping;
    Current current;
    LogTally log;
    std::string build = "1.2.3";
    Keeper keeper{mapping, current, ""};
    uint64_t generation = 0;
};

// One ended request.
inline void count(live::Counters& counters, live::Slot slot, Reason reason, uint16_t status) {
    live::Ended ended;
    ended.reason = static_cast<uint16_t>(reason);
    ended.status = status;
    ended.duration_ns = 30'000'000;
    ended.first_byte_ns = 2'000'000;
    ended.bytes_in = 10;
    ended.bytes_out = 100;
    ended.retries = 1;
    counters.begin(slot);
    counters.end(slot, ended);
}

}  // namespace sluice::steward::test
