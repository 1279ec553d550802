// Tests the watching of files with real ones: edits, half-written files, renames, deletions, and
// which of them cost a parse.
#include <poll.h>

#include "tests/unit/files/watching.h"

namespace sluice::files {
namespace {

using Edit = Watching;

TEST_F(Edit, AnEditIsSeenAtTheNextPoll) {
    directory_.write("a.yaml", service("a", 1));
    start();
    directory_.write("a.yaml", service("a", 2));
    const model::Batch batch = poll();
    EXPECT_EQ(batch.apply.size(), 1u);
    EXPECT_TRUE(batch.remove.empty());
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    EXPECT_FALSE(source_->due().has_value());
}

TEST_F(Edit, NothingChangedIsNothing) {
    directory_.write("a.yaml", service("a"));
    start();
    const model::Batch batch = poll();
    EXPECT_TRUE(batch.apply.empty());
    EXPECT_TRUE(batch.remove.empty());
}

TEST_F(Edit, TheSameContentAgainCostsNoParse) {
    directory_.write("a.yaml", service("a"));
    start();
    directory_.write("a.yaml", service("a"));
    directory_.replace("a.yaml", service("a"));
    EXPECT_TRUE(poll().apply.empty());
    EXPECT_EQ(source_->files_parsed(), 1u);
}

TEST_F(Edit, OfThreeHundredFilesOneIsParsedAgain) {
    for (int i = 0; i < 300; ++i) {
        directory_.write("f" + std::to_string(i) + ".yaml", service("s" + std::to_string(i)));
    }
    start();
    EXPECT_EQ(source_->files_parsed(), 300u);
    directory_.write("f123.yaml", service("s123", 9));
    EXPECT_EQ(poll().apply.size(), 1u);
    EXPECT_EQ(source_->files_parsed(), 301u);
    EXPECT_EQ(held_["s123"], 9);
}

TEST_F(Edit, ARenameOverIsSeenAtOnce) {
    directory_.write("a.yaml", service("a", 1));
    start();
    directory_.replace("a.yaml", service("a", 2));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    EXPECT_FALSE(source_->due().has_value());
}

TEST_F(Edit, ANewFileIsSeenAtOnce) {
    start();
    directory_.write("a.yaml", service("a"));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
}

TEST_F(Edit, AnObjectThatLeavesItsFileIsRemoved) {
    directory_.write("a.yaml", service("a") + "---\n" + service("b"));
    start();
    directory_.write("a.yaml", service("b"));
    const model::Batch batch = poll();
    ASSERT_EQ(batch.remove.size(), 1u);
    EXPECT_EQ(to_string(batch.remove[0]), "Service default/a");
    EXPECT_EQ(held_, (Held{{"b", 80}}));
}

TEST_F(Edit, AFileThatIsEmptiedAndClosedHoldsNothing) {
    directory_.write("a.yaml", service("a"));
    start();
    directory_.write("a.yaml", "");
    poll();
    EXPECT_EQ(held_, Held{});
}

TEST_F(Edit, BadContentKeepsTheLastGoodAndSaysSo) {
    directory_.write("a.yaml", service("a", 1));
    start();
    directory_.write("a.yaml", service("a", 2) + "spec: {}\n");
    poll();
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    EXPECT_EQ(problems(), Texts{"a.yaml:5:1: the key \"spec\" stands twice in this map: keep one"});
    // Back to the very content from before: the problem is gone, and nothing changed.
    directory_.write("a.yaml", service("a", 1));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    EXPECT_EQ(problems(), Texts{});
}

TEST_F(Edit, AHalfWrittenFileIsNotRead) {
    directory_.write("a.yaml", service("a", 1));
    start();
    const std::string text = service("a", 2);
    OpenFile file(directory_.at("a.yaml"), O_TRUNC);
    file.put(text.substr(0, text.size() / 2));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    EXPECT_EQ(problems(), Texts{});
    EXPECT_EQ(source_->files_parsed(), 1u);
    file.put(text.substr(text.size() / 2));
    file.finish();
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    EXPECT_EQ(source_->files_parsed(), 2u);
    EXPECT_FALSE(source_->due().has_value()) << "a closed file settles nothing";
}

TEST_F(Edit, AWriterThatNeverRestsIsReadAfterASecond) {
    start();
    OpenFile file(directory_.at("a.yaml"), O_TRUNC);
    file.put(service("a"));
    int64_t now = 5000;
    for (; held_.empty() && now < 8000; now += 50) {
        file.put("# more\n");
        poll(now);
    }
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    EXPECT_EQ(now, 6050);
}

TEST_F(Edit, ADeletedFileIsRemovedAfterAShortWhile) {
    directory_.write("a.yaml", service("a"));
    start();
    directory_.remove("a.yaml");
    poll(5000);
    EXPECT_EQ(held_, (Held{{"a", 80}})) << "it may be on its way back";
    EXPECT_EQ(source_->due(), 5100 * kMs);
    poll(5100);
    EXPECT_EQ(held_, Held{});
    EXPECT_FALSE(source_->due().has_value());
}

TEST_F(Edit, AnEditorThatMovesTheOldFileAwayLeavesNoGap) {
    directory_.write("a.yaml", service("a", 1));
    start();
    directory_.rename("a.yaml", "a.yaml~");
    EXPECT_TRUE(poll(5000).remove.empty());
    OpenFile file(directory_.at("a.yaml"), 0);
    EXPECT_TRUE(poll(5050).remove.empty());
    file.put(service("a", 2));
    file.finish();
    poll(5060);
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    directory_.remove("a.yaml~");
    settle();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
}

TEST_F(Edit, RenamingAFileMovesItsObjects) {
    directory_.write("a.yaml", service("x"));
    start();
    directory_.rename("a.yaml", "b.yaml");
    settle();
    EXPECT_EQ(held_, (Held{{"x", 80}}));
    EXPECT_EQ(problems(), Texts{});
    directory_.rename("b.yaml", "b.txt");
    settle();
    EXPECT_EQ(held_, Held{});
}

TEST_F(Edit, ARenamedFileDoesNotContendWithItself) {
    directory_.write("a.yaml", service("x"));
    start();
    directory_.rename("a.yaml", "b.yaml");
    const model::Batch batch = poll();
    EXPECT_TRUE(batch.remove.empty());
    EXPECT_EQ(held_, (Held{{"x", 80}}));
    EXPECT_EQ(problems(), Texts{});
    EXPECT_FALSE(source_->due().has_value());
    // A file that stands in the old place again does contend.
    directory_.rename("b.yaml", "a.yaml");
    directory_.write("b.yaml", service("x", 2));
    poll();
    EXPECT_EQ(held_, (Held{{"x", 80}}));
    EXPECT_EQ(problems().size(), 1u);
}

TEST_F(Edit, ARenamedDirectoryDoesNotContendWithItself) {
    directory_.write("a/x.yaml", service("x"));
    directory_.write("a/deep/z.yaml", service("z"));
    start();
    directory_.rename("a", "b");
    EXPECT_TRUE(poll().remove.empty());
    EXPECT_EQ(held_, (Held{{"x", 80}, {"z", 80}}));
    EXPECT_EQ(problems(), Texts{});
    directory_.write("b/deep/z.yaml", service("z", 2));
    poll();
    EXPECT_EQ(held_["z"], 2);
}

TEST_F(Edit, AFileLinkedInWholeIsRead) {
    start();
    directory_.write("elsewhere.txt", service("a"));
    std::filesystem::create_hard_link(directory_.at("elsewhere.txt"), directory_.at("hard.yaml"));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    directory_.write("other.txt", service("b"));
    directory_.link("other.txt", "soft.yaml");
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}, {"b", 80}})) << "a link is whole at once";
    // Also in the place of a file that is served.
    directory_.write("third.txt", service("c"));
    directory_.remove("soft.yaml");
    std::filesystem::create_hard_link(directory_.at("third.txt"), directory_.at("soft.yaml"));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 80}, {"c", 80}}));
}

TEST_F(Edit, TheLoserTakesOverWhenTheWinnerGoes) {
    directory_.write("a.yaml", service("x", 1));
    directory_.write("b.yaml", service("x", 2));
    start();
    EXPECT_EQ(problems().size(), 1u);
    directory_.remove("a.yaml");
    settle();
    EXPECT_EQ(held_, (Held{{"x", 2}}));
    EXPECT_EQ(problems(), Texts{});
    directory_.write("a.yaml", service("x", 3));
    poll();
    EXPECT_EQ(held_, (Held{{"x", 3}}));
    EXPECT_EQ(problems().size(), 1u);
}

TEST_F(Edit, AWinnerThatBreaksStillWinsWithItsLastGoodContent) {
    directory_.write("a.yaml", service("x", 1));
    directory_.write("b.yaml", service("x", 2));
    start();
    directory_.write("a.yaml", "{");
    poll();
    EXPECT_EQ(held_, (Held{{"x", 1}}));
    EXPECT_EQ(problems().size(), 2u);
}

TEST_F(Edit, AFileGivenByNameIsFollowed) {
    directory_.write("m.txt", service("a", 1));
    start({directory_.at("m.txt")});
    directory_.write("m.txt", service("a", 2));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    directory_.replace("m.txt", service("a", 3));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 3}}));
    directory_.remove("m.txt");
    settle();
    EXPECT_EQ(held_, Held{});
    EXPECT_EQ(problems(), Texts{"m.txt: does not exist: it is read as soon as it appears"});
    directory_.write("m.txt", service("a", 4));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 4}}));
    EXPECT_EQ(problems(), Texts{});
    directory_.write("n.txt", service("b"));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 4}})) << "its neighbours are not";
}

TEST_F(Edit, TheDescriptorIsReadableOnlyWhileThereIsNews) {
    start();
    const auto readable = [&] {
        pollfd wait{source_->fd(), POLLIN, 0};
        return ::poll(&wait, 1, 0) == 1;
    };
    EXPECT_FALSE(readable());
    directory_.write("a.yaml", service("a"));
    EXPECT_TRUE(readable());
    poll();
    EXPECT_FALSE(readable());
}

}  // namespace
}  // namespace sluice::files
