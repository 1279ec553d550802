// The kernel's texts, and its real files.
#include "proxy/worker/memory_reader.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <vector>

#include <unistd.h>

namespace sluice::worker {
namespace {

TEST(Statm, TellsWhatIsOurs) {
    EXPECT_EQ(own_pages("5000 300 120 40 0 900 0\n"), 180U);
    EXPECT_EQ(own_pages("5000 100 120 40 0 900 0\n"), 0U) << "read while it changed";
    EXPECT_EQ(own_pages(""), 0U);
}

TEST(Stat, IsAskedByWholeKeys) {
    const char* const text = "cache 7\ninactive_file 100\nactive_file 20\ntotal_inactive_file 3\n";
    EXPECT_EQ(value_of(text, "inactive_file"), 100U);
    EXPECT_EQ(value_of(text, "active_file"), 20U);
    EXPECT_EQ(value_of(text, "file"), 0U);
    EXPECT_EQ(value_of("", "file"), 0U);
}

TEST(MemoryReader, SeesThisProcessGrow) {
    const MemoryReader reader("");
    const uint64_t before = reader.own();
    EXPECT_GT(before, 0U);
    constexpr size_t kGrown = size_t{32} << 20;
    std::vector<char> grown(kGrown);
    for (size_t at = 0; at < kGrown; at += 4096) static_cast<volatile char&>(grown[at]) = 'x';
    EXPECT_GE(reader.own(), before + kGrown / 8 * 7);
    EXPECT_EQ(reader.container(), std::nullopt);
    EXPECT_EQ(reader.reclaimable(), 0U);
}

class Folder : public ::testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(path_); }
    void TearDown() override { std::filesystem::remove_all(path_); }
    void put(const char* name, const std::string& text) {
        std::ofstream(path_ + "/" + name) << text;
    }
    const std::string path_ = ::testing::TempDir() + "sluice-cgroup-" + std::to_string(::getpid());
};

TEST_F(Folder, OfVersion2IsReadAgainAndAgain) {
    put("memory.current", "1000\n");
    put("memory.stat", "anon 1\ninactive_file 30\nactive_file 4\n");
    const MemoryReader reader(path_);
    EXPECT_EQ(reader.container(), 1000U);
    EXPECT_EQ(reader.reclaimable(), 34U);
    put("memory.current", "77\n");
    EXPECT_EQ(reader.container(), 77U);
}

TEST_F(Folder, OfVersion1CountsWhatIsBelowIt) {
    put("memory.usage_in_bytes", "500\n");
    put("memory.stat",
        "inactive_file 1\nactive_file 2\ntotal_inactive_file 30\n"
        "total_active_file 40\n");
    const MemoryReader reader(path_);
    EXPECT_EQ(reader.container(), 500U);
    EXPECT_EQ(reader.reclaimable(), 70U);
}

}  // namespace
}  // namespace sluice::worker
