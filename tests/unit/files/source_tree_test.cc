// Tests the watching of directories: new, moved, deleted and recreated ones, ConfigMap volumes,
// roots that come and go, and a queue that overflows.
#include <fstream>

#include "tests/unit/files/watching.h"

namespace sluice::files {
namespace {

using Tree = Watching;

TEST_F(Tree, ANewDirectoryIsReadWithAllThatIsInIt) {
    start();
    directory_.write("one/two/three/a.yaml", service("a"));
    directory_.write("one/b.yaml", service("b"));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}, {"b", 80}}));
    directory_.write("one/two/three/a.yaml", service("a", 2));
    poll();
    EXPECT_EQ(held_["a"], 2) << "and watched from then on";
}

TEST_F(Tree, ADirectoryMovedInIsRead) {
    start({directory_.at("live")});
    directory_.write("staged/sub/a.yaml", service("a"));
    directory_.make("live");
    directory_.rename("staged/sub", "live/sub");
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
}

TEST_F(Tree, ADirectoryMovedOutIsGoneAndNoLongerWatched) {
    directory_.write("live/sub/a.yaml", service("a", 1));
    start({directory_.at("live")});
    directory_.rename("live/sub", "elsewhere");
    settle();
    EXPECT_EQ(held_, Held{});
    directory_.write("elsewhere/a.yaml", service("a", 2));
    settle();
    EXPECT_EQ(held_, Held{});
    EXPECT_EQ(source_->files_parsed(), 1u);
}

TEST_F(Tree, ADirectoryThatIsReplacedQuicklyLeavesNoGap) {
    directory_.write("live/sub/a.yaml", service("a", 1));
    directory_.write("next/a.yaml", service("a", 2));
    start({directory_.at("live")});
    directory_.rename("live/sub", "old");
    EXPECT_TRUE(poll(5000).remove.empty());
    directory_.rename("next", "live/sub");
    EXPECT_TRUE(poll(5050).remove.empty());
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    settle();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    directory_.write("live/sub/a.yaml", service("a", 3));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 3}}));
}

TEST_F(Tree, ADirectoryThatIsDeletedAndMadeAgainIsWatchedAgain) {
    directory_.write("sub/a.yaml", service("a", 1));
    start();
    for (int round = 2; round < 5; ++round) {
        directory_.remove("sub");
        settle();
        EXPECT_EQ(held_, Held{});
        directory_.write("sub/a.yaml", service("a", round));
        poll();
        EXPECT_EQ(held_, (Held{{"a", round}}));
        directory_.write("sub/a.yaml", service("a", round + 100));
        poll();
        EXPECT_EQ(held_, (Held{{"a", round + 100}}));
    }
}

TEST_F(Tree, TheRootItselfMayGoAndComeBack) {
    directory_.write("live/a.yaml", service("a", 1));
    start({directory_.at("live")});
    directory_.remove("live");
    settle();
    EXPECT_EQ(held_, Held{});
    EXPECT_EQ(problems(), Texts{"live: does not exist: it is read as soon as it appears"});
    directory_.write("live/a.yaml", service("a", 2));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    EXPECT_EQ(problems(), Texts{});
    directory_.write("live/a.yaml", service("a", 3));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 3}}));
}

TEST_F(Tree, ARootThatDoesNotExistYetIsPickedUpHoweverDeep) {
    start({directory_.at("one/two/three")});
    EXPECT_EQ(problems().size(), 1u);
    directory_.make("one");
    poll();
    EXPECT_EQ(problems().size(), 1u);
    directory_.make("one/two");
    poll();
    directory_.write("one/two/three/a.yaml", service("a"));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    EXPECT_EQ(problems(), Texts{});
    // Its ancestors may go and come back too.
    directory_.remove("one");
    settle();
    EXPECT_EQ(held_, Held{});
    directory_.write("one/two/three/a.yaml", service("a", 2));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
}

TEST_F(Tree, ARootThatIsALinkIsFollowedToItsNewTarget) {
    directory_.write("v1/a.yaml", service("a", 1));
    directory_.write("v2/a.yaml", service("a", 2));
    directory_.link("v1", "current");
    start({directory_.at("current")});
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    directory_.link("v2", "next");
    directory_.rename("next", "current");
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    directory_.write("v2/a.yaml", service("a", 3));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 3}}));
    directory_.write("v1/a.yaml", service("a", 9));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 3}}));
}

// What kubelet does: entries link into ..data, which links to a dated directory and is swapped by
// one rename.
class ConfigMap : public Watching {
protected:
    void publish(const std::string& version, const Held& content, const Held& below = {}) {
        for (const auto& [name, port] : content) {
            directory_.write("map/.." + version + "/" + name + ".yaml", service(name, port));
        }
        for (const auto& [name, port] : below) {
            directory_.write("map/.." + version + "/sub/" + name + ".yaml", service(name, port));
        }
        directory_.link(".." + version, "map/..data_tmp");
        directory_.rename("map/..data_tmp", "map/..data");
    }
    void link_in(const std::string& name) { directory_.link("..data/" + name, "map/" + name); }
};

TEST_F(ConfigMap, ASwapIsSeenAtOnceAndWhole) {
    publish("v1", {{"a", 1}, {"b", 1}}, {{"c", 1}});
    for (const char* name : {"a.yaml", "b.yaml", "sub"}) link_in(name);
    start({directory_.at("map")});
    EXPECT_EQ(held_, (Held{{"a", 1}, {"b", 1}, {"c", 1}}));
    EXPECT_EQ(source_->files_parsed(), 3u) << "..v1 and ..data are not read themselves";
    publish("v2", {{"a", 2}, {"b", 1}}, {{"c", 2}});
    directory_.remove("map/..v1");
    const model::Batch batch = poll();
    EXPECT_EQ(batch.apply.size(), 2u);
    EXPECT_EQ(held_, (Held{{"a", 2}, {"b", 1}, {"c", 2}}));
    EXPECT_EQ(source_->files_parsed(), 5u) << "b did not change";
    EXPECT_EQ(problems(), Texts{});
}

TEST_F(ConfigMap, ManySwapsAndKeysThatComeAndGo) {
    publish("v1", {{"a", 1}});
    link_in("a.yaml");
    start({directory_.at("map")});
    publish("v2", {{"a", 2}, {"b", 2}});
    link_in("b.yaml");
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}, {"b", 2}}));
    publish("v3", {{"b", 3}});
    directory_.remove("map/a.yaml");
    settle();
    EXPECT_EQ(held_, (Held{{"b", 3}}));
    for (int version = 4; version < 10; ++version) {
        publish("v" + std::to_string(version), {{"b", version}});
        directory_.remove("map/..v" + std::to_string(version - 1));
        poll();
        EXPECT_EQ(held_, (Held{{"b", version}}));
    }
}

TEST_F(ConfigMap, AFileGivenByNameInsideOneIsFollowed) {
    publish("v1", {{"a", 1}});
    link_in("a.yaml");
    start({directory_.at("map/a.yaml")});
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    publish("v2", {{"a", 2}});
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
}

TEST_F(Tree, AfterAnOverflowEverythingIsLookedAtAgain) {
    size_t queue = 16384;
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> queue;
    directory_.write("changed.yaml", service("changed", 1));
    directory_.write("deleted.yaml", service("deleted"));
    directory_.write("same.yaml", service("same"));
    start();
    // Two different events in turn: the kernel merges equal ones that follow each other.
    directory_.write("x.txt", "x");
    directory_.write("y.txt", "y");
    for (size_t i = 0; i < queue / 2 + 100; ++i) {
        ::chmod(directory_.at("x.txt").c_str(), 0600);
        ::chmod(directory_.at("y.txt").c_str(), 0600);
    }
    directory_.write("changed.yaml", service("changed", 2));
    directory_.remove("deleted.yaml");
    directory_.write("new/deep/added.yaml", service("added"));
    settle();
    EXPECT_EQ(held_, (Held{{"added", 80}, {"changed", 2}, {"same", 80}}));
    EXPECT_EQ(source_->files_parsed(), 5u);
    directory_.write("new/deep/added.yaml", service("added", 2));
    poll();
    EXPECT_EQ(held_["added"], 2) << "what appeared unseen is watched";
}

TEST_F(Tree, NestedRootsDoNotDisturbEachOther) {
    directory_.write("live/sub/a.yaml", service("a", 1));
    start({directory_.at("live"), directory_.at("live/sub")});
    EXPECT_EQ(problems(), Texts{});
    directory_.remove("live");
    settle();
    EXPECT_EQ(held_, Held{});
    directory_.write("live/sub/a.yaml", service("a", 2));
    settle();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    EXPECT_EQ(problems(), Texts{});
}

TEST_F(Tree, WhatCannotBeReadKeepsItsLastGoodContent) {
    directory_.write("a.yaml", service("a"));
    start();
    ASSERT_EQ(mkfifo(directory_.at("pipe").c_str(), 0600), 0);
    directory_.rename("pipe", "a.yaml");
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    EXPECT_EQ(problems(), Texts{"a.yaml: is not a regular file"});
    // The very content from before: it is read again all the same.
    directory_.replace("a.yaml", service("a"));
    poll();
    EXPECT_EQ(problems(), Texts{});
}

}  // namespace
}  // namespace sluice::files
