// Counts by source are exact, however sources come and go.
#include "proxy/worker/sources.h"

#include <gtest/gtest.h>
#include <map>
#include <random>
#include <vector>

namespace sluice::worker {
namespace {

net::Address address(std::initializer_list<uint8_t> front, std::initializer_list<uint8_t> back) {
    net::Address made;
    std::copy(front.begin(), front.end(), made.bytes.begin());
    std::copy(back.begin(), back.end(), made.bytes.end() - static_cast<long>(back.size()));
    return made;
}

TEST(Sources, OneSourceIsAnIpv4AddressOrThe64OfAnIpv6One) {
    const auto v4 = [](uint8_t last) { return address({}, {0xff, 0xff, 192, 0, 2, last}); };
    EXPECT_EQ(source_of(v4(7)), source_of(v4(7)));
    EXPECT_NE(source_of(v4(7)), source_of(v4(8)));
    const auto v6 = [](uint8_t network, uint8_t host) {
        return address({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network}, {host});
    };
    EXPECT_EQ(source_of(v6(1, 1)), source_of(v6(1, 2)));
    EXPECT_NE(source_of(v6(1, 1)), source_of(v6(2, 1)));
}

TEST(Sources, TheCapAndNotOneMore) {
    Sources sources(3, 16, 1);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(sources.take(7));
    EXPECT_FALSE(sources.take(7));
    EXPECT_EQ(sources.count(7), 3u) << "who is refused is not counted";
    EXPECT_TRUE(sources.take(8));
    sources.give(7);
    EXPECT_TRUE(sources.take(7));
}

TEST(Sources, ZeroIsASourceLikeAnyOther) {
    Sources sources(1, 4, 1);
    EXPECT_TRUE(sources.take(0));
    EXPECT_FALSE(sources.take(0));
    sources.give(0);
    EXPECT_EQ(sources.count(0), 0u);
}

// Against a map, in a table as full as it may be: walks overlap, gaps close.
TEST(Sources, AgreeWithAMapOverAnyComingAndGoing) {
    for (const uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
        std::mt19937_64 random(seed);
        constexpr size_t kClients = 64;
        constexpr size_t kMost = 3;
        Sources sources(kMost, kClients, random());
        std::map<uint64_t, size_t> expected;
        std::vector<uint64_t> open;
        for (int step = 0; step < 20'000; ++step) {
            if (open.size() < kClients && random() % 5 != 0) {
                const uint64_t source = random() % 100;
                const bool fits = expected[source] < kMost;
                ASSERT_EQ(sources.take(source), fits);
                if (fits) {
                    ++expected[source];
                    open.push_back(source);
                }
            } else if (!open.empty()) {
                std::swap(open[random() % open.size()], open.back());
                sources.give(open.back());
                --expected[open.back()];
                open.pop_back();
            }
            const uint64_t any = random() % 100;
            ASSERT_EQ(sources.count(any), expected[any]) << "step " << step;
        }
    }
}

}  // namespace
}  // namespace sluice::worker
