// /proc/PID/stat, our own and made ones.
#include "proxy/steward/process_stats.h"

#include <ctime>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>

#include <unistd.h>

#include "tests/unit/new_folder.h"

namespace sluice::steward {
namespace {

TEST(ProcessStats, OfOurselves) {
    const auto stats = process_stats(static_cast<uint32_t>(::getpid()));
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->parent, static_cast<uint32_t>(::getppid()));
    EXPECT_GT(stats->resident_bytes, 1U << 20);
    EXPECT_GE(stats->virtual_bytes, stats->resident_bytes);
    const double now = static_cast<double>(::time(nullptr));
    EXPECT_NEAR(stats->start_seconds, now, 600);
}

TEST(ProcessStats, OfNobody) {
    EXPECT_FALSE(process_stats(0));
    EXPECT_FALSE(process_stats(0x7ffffff0));
}

// As of a process that ends between open and read: the one works, the other fails.
TEST(ProcessStats, WhatCannotBeReadIsNothing) {
    const std::string root = new_folder();
    std::filesystem::create_directories(root + "/42/stat");
    EXPECT_FALSE(process_stats(42, root));
    std::filesystem::remove_all(root);
}

TEST(ProcessStats, ANameWithBracketsAndBlanks) {
    const auto stats = parse_process_stats(
        "7 (a) b (c) S 42 7 7 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 1 0 900 8192 3 18446", 1'000
    );
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->parent, 42U);
    EXPECT_DOUBLE_EQ(stats->cpu_seconds * static_cast<double>(::sysconf(_SC_CLK_TCK)), 200);
    EXPECT_EQ(stats->virtual_bytes, 8192U);
    EXPECT_EQ(stats->resident_bytes, 3U * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
    EXPECT_GT(stats->start_seconds, 1'000);
}

TEST(ProcessStats, AnythingElseIsNothing) {
    for (const char* text : {"", "7", "7 (x)", "7 (x) S 1 2 3", "no bracket at all"}) {
        EXPECT_FALSE(parse_process_stats(text, 0)) << text;
    }
}

}  // namespace
}  // namespace sluice::steward
