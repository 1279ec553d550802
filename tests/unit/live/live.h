// A small mapping for the tests of live state.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include "proxy/live/mapping.h"

namespace sluice::live::test {

inline constexpr Sizes kSmall{
    .workers = 3,
    .load_slots = 40,
    .counter_slots = 20,
    .buckets = 8,
    .journal_records = 16,
    .lost_records = 8,
    .log_ring_bytes = 8192,
};

// A mapping and its descriptor.
struct Live {
    explicit Live(const Sizes& sizes = kSmall) {
        auto made = Mapping::create(sizes, fd);
        if (!made) {
            ADD_FAILURE() << made.error();
            return;
        }
        mapping = std::move(*made);
    }
    ~Live() {
        if (fd >= 0) ::close(fd);
    }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;

    int fd = -1;
    Mapping mapping;
};

}  // namespace sluice::live::test
