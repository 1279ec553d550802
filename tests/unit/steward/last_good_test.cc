// The copy on disk: what was saved is loaded, anything else is refused.
#include "proxy/steward/last_good.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <span>

#include <sys/stat.h>

#include "tests/unit/new_folder.h"
#include "tests/unit/steward/tables.h"

namespace sluice::steward {
namespace {

using table::Segment;

class LastGood : public testing::Test {
protected:
    LastGood() { directory_ = new_folder(); }
    ~LastGood() override { std::filesystem::remove_all(directory_); }
    void save_routes(uint64_t generation = 7) {
        const Copied copied{Segment::routes, generation, table::digest(bytes_), bytes_};
        ASSERT_TRUE(save(directory_, std::span(&copied, 1)));
    }
    std::string file() const { return directory_ + "/routes"; }
    std::string content() const {
        std::ifstream stream(file(), std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    void write(const std::string& text) const {
        std::ofstream(file(), std::ios::binary | std::ios::trunc) << text;
    }

    std::string directory_;
    table::Bytes bytes_ = routes_bytes(routes_with({}));
};

TEST_F(LastGood, WhatWasSavedIsLoaded) {
    save_routes();
    const auto loaded = load(directory_, Segment::routes);
    ASSERT_TRUE(loaded && *loaded) << (loaded ? "" : loaded.error());
    EXPECT_EQ((*loaded)->generation, 7U);
    EXPECT_EQ((*loaded)->digest, table::digest(bytes_));
    EXPECT_EQ((*loaded)->bytes, bytes_);
}

TEST_F(LastGood, NoFileIsNoError) {
    const auto loaded = load(directory_, Segment::endpoints);
    ASSERT_TRUE(loaded);
    EXPECT_FALSE(*loaded);
}

TEST_F(LastGood, ANewOneReplacesTheOldAndNothingElseIsLeft) {
    save_routes(7);
    save_routes(8);
    EXPECT_EQ((**load(directory_, Segment::routes)).generation, 8U);
    const auto entries = std::filesystem::directory_iterator(directory_);
    EXPECT_EQ(std::distance(entries, std::filesystem::directory_iterator()), 1);
}

TEST_F(LastGood, OnlyItsOwnerReadsIt) {
    save_routes();
    EXPECT_EQ(
        std::filesystem::status(file()).permissions(),
        std::filesystem::perms::owner_read | std::filesystem::perms::owner_write
    );
}

TEST_F(LastGood, EveryCutIsRefused) {
    save_routes();
    const std::string whole = content();
    for (size_t size = 0; size < whole.size(); size += 5) {
        write(whole.substr(0, size));
        EXPECT_FALSE(load(directory_, Segment::routes)) << size;
    }
    write(whole + "x");
    EXPECT_FALSE(load(directory_, Segment::routes));
}

TEST_F(LastGood, EveryChangedByteIsRefused) {
    save_routes();
    const std::string whole = content();
    for (size_t at = 0; at < whole.size(); ++at) {
        std::string changed = whole;
        changed[at] = static_cast<char>(changed[at] ^ 0x10);
        write(changed);
        EXPECT_FALSE(load(directory_, Segment::routes)) << at;
    }
}

TEST_F(LastGood, TheFileOfAnotherSegmentIsRefused) {
    save_routes();
    std::filesystem::rename(file(), directory_ + "/endpoints");
    const auto loaded = load(directory_, Segment::endpoints);
    ASSERT_FALSE(loaded);
    EXPECT_NE(loaded.error().find("of another segment"), std::string::npos);
}

TEST_F(LastGood, AllOrNone) {
    save_routes(7);
    std::filesystem::create_directory(directory_ + "/endpoints.new");  // in the way
    const std::array copies{
        Copied{Segment::routes, 8, table::digest(bytes_), bytes_},
        Copied{Segment::endpoints, 8, table::digest(bytes_), bytes_},
    };
    EXPECT_FALSE(save(directory_, copies));
    EXPECT_EQ((**load(directory_, Segment::routes)).generation, 7U) << "not half of the new one";
}

TEST_F(LastGood, APipeInItsPlaceHoldsNobodyUp) {
    ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
    EXPECT_FALSE(load(directory_, Segment::routes));
}

TEST_F(LastGood, ALinkIsNotFollowed) {
    save_routes();
    std::filesystem::rename(file(), directory_ + "/elsewhere");
    std::filesystem::create_symlink(directory_ + "/elsewhere", file());
    EXPECT_FALSE(load(directory_, Segment::routes));
}

TEST_F(LastGood, ADirectoryThatIsNotThereIsNamed) {
    const Copied copied{Segment::routes, 1, 1, bytes_};
    const auto saved = save(directory_ + "/none", std::span(&copied, 1));
    ASSERT_FALSE(saved);
    EXPECT_NE(saved.error().find("/none/routes"), std::string::npos) << saved.error();
}

}  // namespace
}  // namespace sluice::steward
