// Damaged segments: verify() refuses, or all that it lets through can be read. Address and
// undefined-behaviour checks are the judges.
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <random>

#include "tests/unit/table/random_routes.h"
#include "tests/unit/table/samples.h"
#include "tests/unit/table/walk.h"

namespace sluice::table {
namespace {

// Of exactly its size, so that one byte too far is seen. Whether verify() took it.
template <class View>
bool survives(std::span<const std::byte> damaged) {
    const Bytes bytes(damaged.begin(), damaged.end());
    const auto view = View::verify(bytes);
    if (!view) {
        EXPECT_NE(view.error().reason, Reason::ok);
        EXPECT_FALSE(view.error().message.empty());
        return false;
    }
    static_cast<void>(Walk::over(*view));
    return true;
}

template <class View>
void change_each_word(Bytes bytes) {
    size_t taken = 0;
    for (size_t at = 0; at + 4 <= bytes.size(); at += 4) {
        uint32_t word = 0;
        std::memcpy(&word, bytes.data() + at, sizeof word);
        const auto size = static_cast<uint32_t>(bytes.size());
        for (const uint32_t other :
             {0U,
              1U,
              ~0U,
              0x7fffffffU,
              0x80000000U,
              word + 1,
              word - 1,
              word + 4,
              word ^ 0x100,
              size}) {
            std::memcpy(bytes.data() + at, &other, sizeof other);
            taken += survives<View>(bytes) ? 1 : 0;
        }
        std::memcpy(bytes.data() + at, &word, sizeof word);
    }
    EXPECT_GT(taken, 0U);  // clocks, ports and identities may be any number
    EXPECT_TRUE(survives<View>(bytes));
}

TEST(Mutation, each_word_of_a_routes_segment) {
    change_each_word<RoutesView>(built(sample_routes()));
}

TEST(Mutation, each_word_of_an_endpoints_segment) {
    change_each_word<EndpointsView>(built(sample_endpoints()));
}

TEST(Mutation, each_truncation) {
    const Bytes routes = built(sample_routes());
    for (size_t n = 0; n < routes.size(); ++n) survives<RoutesView>(std::span(routes).first(n));
    const Bytes endpoints = built(sample_endpoints());
    for (size_t n = 0; n < endpoints.size(); ++n) {
        survives<EndpointsView>(std::span(endpoints).first(n));
    }
}

TEST(Mutation, random_bytes_of_random_tables) {
    std::mt19937 random(1);
    for (uint32_t seed = 0; seed < 100; ++seed) {
        const Bytes sound = built(RandomRoutes(seed).make());
        for (int round = 0; round < 100; ++round) {
            Bytes bytes = sound;
            for (size_t i = 1 + random() % 4; i > 0; --i) {
                bytes[random() % bytes.size()] = static_cast<std::byte>(random());
            }
            survives<RoutesView>(bytes);
        }
    }
}

// Pieces moved inside a segment: plausible structs in the wrong places.
TEST(Mutation, pieces_in_other_places) {
    std::mt19937 random(2);
    const Bytes sound = built(sample_routes());
    for (int round = 0; round < 5000; ++round) {
        Bytes bytes = sound;
        const size_t length = 4 * (1 + random() % 24);
        const size_t from = random() % (bytes.size() - length) / 4 * 4;
        const size_t to = random() % (bytes.size() - length) / 4 * 4;
        std::memmove(bytes.data() + to, bytes.data() + from, length);
        survives<RoutesView>(bytes);
    }
}

TEST(Mutation, noise) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        Bytes bytes(random() % 512);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
        EXPECT_FALSE(survives<RoutesView>(bytes));
        EXPECT_FALSE(survives<EndpointsView>(bytes));
    }
}

}  // namespace
}  // namespace sluice::table
