// Tests the translation of inotify's events, and a path whose directory is replaced.
#include "controller/files/watch.h"

#include <gtest/gtest.h>

#include "table/limits.h"
#include "tests/unit/files/directory.h"

namespace sluice::files {
namespace {

using What = Change::What;

std::vector<What> seen(const Watch::Drained& drained, const std::string& name) {
    std::vector<What> out;
    for (const Change& change : drained.changes) {
        if (change.name == name) out.push_back(change.what);
    }
    return out;
}

TEST(Watch, WhatHappensToAFile) {
    const Directory directory;
    Watch watch;
    ASSERT_EQ(watch.add(directory.path()), std::nullopt);
    directory.write("a", "x");
    EXPECT_EQ(
        seen(watch.drain(), "a"), (std::vector{What::created, What::modified, What::complete})
    );
    directory.rename("a", "b");
    const auto renamed = watch.drain();
    EXPECT_EQ(seen(renamed, "a"), std::vector{What::gone});
    EXPECT_EQ(seen(renamed, "b"), std::vector{What::complete});
    ASSERT_EQ(renamed.changes.size(), 2u);
    EXPECT_NE(renamed.changes[0].move, 0u);
    EXPECT_EQ(renamed.changes[0].move, renamed.changes[1].move);
    directory.remove("b");
    EXPECT_EQ(seen(watch.drain(), "b"), std::vector{What::gone});
    EXPECT_TRUE(watch.drain().changes.empty());
}

TEST(Watch, DirectoriesAreToldApart) {
    const Directory directory;
    Watch watch;
    watch.add(directory.path());
    directory.make("sub");
    const auto drained = watch.drain();
    ASSERT_EQ(drained.changes.size(), 1u);
    EXPECT_TRUE(drained.changes[0].is_directory);
    EXPECT_EQ(drained.changes[0].directory, directory.path());
}

TEST(Watch, ADirectoryThatGoesSaysSoUnderItsName) {
    const Directory directory;
    directory.make("sub");
    Watch watch;
    watch.add(directory.at("sub"));
    directory.remove("sub");
    const auto drained = watch.drain();
    ASSERT_EQ(drained.changes.size(), 1u);
    EXPECT_EQ(drained.changes[0].directory, directory.at("sub"));
    EXPECT_EQ(drained.changes[0].name, "");
    EXPECT_EQ(drained.changes[0].what, What::gone);
    EXPECT_EQ(watch.directories(), 0u);
}

TEST(Watch, APathSpeaksForTheDirectoryThatStandsThereNow) {
    const Directory directory;
    directory.make("v1");
    directory.make("v2");
    directory.link("v1", "now");
    Watch watch;
    watch.add(directory.at("now"));
    directory.link("v2", "next");
    directory.rename("next", "now");
    watch.add(directory.at("now"));
    watch.drain();
    directory.write("v1/old", "x");
    EXPECT_TRUE(watch.drain().changes.empty());
    directory.write("v2/new", "x");
    EXPECT_EQ(seen(watch.drain(), "new").back(), What::complete);
    EXPECT_EQ(watch.directories(), 1u);
}

TEST(Watch, OneDirectoryUnderTwoPathsSpeaksForBoth) {
    const Directory directory;
    directory.make("real");
    directory.link("real", "alias");
    Watch watch;
    watch.add(directory.at("real"));
    watch.add(directory.at("alias"));
    directory.write("real/a", "x");
    EXPECT_EQ(seen(watch.drain(), "a").size(), 6u);
    watch.forget(directory.at("alias"));
    directory.write("real/a", "y");
    for (const Change& change : watch.drain().changes)
        EXPECT_EQ(change.directory, directory.at("real"));
}

TEST(Watch, ForgettingIsForAllBelowAndOnlyThat) {
    const Directory directory;
    for (const char* name : {"a", "a/b", "a-b"}) {
        directory.make(name);
    }
    Watch watch;
    for (const char* name : {"a", "a/b", "a-b"}) watch.add(directory.at(name));
    watch.forget(directory.at("a"));
    EXPECT_EQ(watch.directories(), 1u);
    directory.write("a/b/x", "x");
    EXPECT_TRUE(watch.drain().changes.empty());
    directory.write("a-b/x", "x");
    EXPECT_FALSE(watch.drain().changes.empty());
}

TEST(Watch, WhatIsNoDirectoryIsNotWatched) {
    const Directory directory;
    directory.write("file", "x");
    Watch watch;
    EXPECT_EQ(watch.add(directory.at("file")), "cannot be watched: Not a directory");
    EXPECT_EQ(watch.add(directory.at("absent")), "cannot be watched: No such file or directory");
    EXPECT_EQ(watch.directories(), 0u);
}

TEST(Watch, DirectoriesHaveALimit) {
    const Directory directory;
    Watch watch;
    // One directory by many spellings: 64 times 64 paths.
    const auto spelling = [&](size_t i) {
        std::string path = directory.path() + std::string(i / 64, '/');
        for (size_t dots = i % 64; dots > 0; --dots) path += "/.";
        return path;
    };
    static_assert(limits::kManifestDirectories == 64 * 64);
    for (size_t i = 0; i < limits::kManifestDirectories; ++i) {
        ASSERT_EQ(watch.add(spelling(i)), std::nullopt);
    }
    EXPECT_EQ(
        watch.add(spelling(limits::kManifestDirectories)),
        "is one directory too many: at most 4096 are watched"
    );
    EXPECT_EQ(watch.add(spelling(0)), std::nullopt) << "a known one may be added again";
}

}  // namespace
}  // namespace sluice::files
