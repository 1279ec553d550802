// Tests the first reading of directories and files: what is read, what is left alone, who wins.
#include "table/limits.h"
#include "tests/unit/files/watching.h"

namespace sluice::files {
namespace {

using Load = Watching;

TEST_F(Load, DirectoriesAreReadRecursively) {
    directory_.write("a.yaml", service("a"));
    directory_.write("sub/b.yml", service("b"));
    directory_.write(
        "sub/deeper/c.json", R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},
                                              "spec":{"ports":[{"port":3}]}})"
    );
    start();
    EXPECT_EQ(held_, (Held{{"a", 80}, {"b", 80}, {"c", 3}}));
    EXPECT_EQ(problems(), Texts{});
    EXPECT_EQ(source_->files_parsed(), 3u);
    EXPECT_FALSE(source_->due().has_value());
}

TEST_F(Load, EditorsLeftoversAndHiddenEntriesAreLeftAlone) {
    for (const char* name :
         {".hidden.yaml",
          "a.yaml~",
          ".a.yaml.swp",
          "a.yaml.swp",
          "4913",
          "#a.yaml#",
          "a.yaml.tmp",
          "README.md",
          "yaml",
          ".git/config.yaml",
          "..2026_01/a.yaml",
          "a.YAML"}) {
        directory_.write(name, "not: [valid");
    }
    directory_.link("nowhere", ".#a.yaml");
    start();
    EXPECT_EQ(held_, Held{});
    EXPECT_EQ(problems(), Texts{});
    EXPECT_EQ(source_->files_parsed(), 0u);
}

TEST_F(Load, AFileGivenByNameMayHaveAnyName) {
    directory_.write("manifest.txt", service("a"));
    start({directory_.at("manifest.txt")});
    EXPECT_EQ(held_, (Held{{"a", 80}}));
}

TEST_F(Load, OneBadFileDoesNotStopTheRest) {
    directory_.write("bad.yaml", "a: [\n");
    directory_.write("good.yaml", service("a"));
    directory_.write("ugly.yaml", std::string("a: b\0c", 6));
    start();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    ASSERT_EQ(problems().size(), 2u);
    EXPECT_EQ(problems()[1], "ugly.yaml:1:5: the byte 0x00 is a control byte: remove it");
}

TEST_F(Load, OtherKindsAreNoted) {
    directory_.write("app.yaml", "\napiVersion: apps/v1\nkind: Deployment\n");
    start();
    EXPECT_EQ(
        source_->report().skipped,
        Texts{directory_.at("app.yaml") + ":2: apps/v1 Deployment is not read by Sluice"}
    );
}

TEST_F(Load, TheFirstByPathWinsAndTheOtherIsToldWho) {
    directory_.write("b.yaml", service("x", 2));
    directory_.write("a.yaml", "# first\n" + service("x", 1));
    directory_.write("c.yaml", service("x", 3) + "---\n" + service("z", 4));
    start();
    EXPECT_EQ(held_, (Held{{"x", 1}, {"z", 4}}));
    const std::string tail =
        ": metadata.name: Service default/x stands also in a.yaml:2:1, which wins as the first by "
        "path: keep "
        "one of them";
    EXPECT_EQ(problems(), (Texts{"b.yaml:1:1" + tail, "c.yaml:1:1" + tail}));
}

TEST_F(Load, APathThatDoesNotExistIsAProblem) {
    directory_.write("a.yaml", service("a"));
    start({directory_.at("absent/deep"), directory_.at("a.yaml")});
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    EXPECT_EQ(problems(), Texts{"absent/deep: does not exist: it is read as soon as it appears"});
}

TEST_F(Load, WhatIsNoRegularFileIsNotRead) {
    ASSERT_EQ(mkfifo(directory_.at("pipe.yaml").c_str(), 0600), 0);
    directory_.link("/dev/zero", "zero.yaml");
    directory_.link("nowhere", "dangling.yaml");
    start();
    EXPECT_EQ(
        problems(), (Texts{"pipe.yaml: is not a regular file", "zero.yaml: is not a regular file"})
    );
}

TEST_F(Load, ADirectoryNamedLikeAManifestIsADirectory) {
    directory_.write("dir.yaml/a.yaml", service("a"));
    start();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    EXPECT_EQ(problems(), Texts{});
}

TEST_F(Load, LinksInCirclesEnd) {
    directory_.write("sub/a.yaml", service("a"));
    directory_.link("..", "sub/up");
    directory_.link("self", "self");
    start();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
}

TEST_F(Load, DepthHasALimit) {
    std::string deep;
    for (int i = 0; i < 32; ++i) deep += "d/";
    directory_.write(deep + "a.yaml", service("a"));
    start();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    directory_.write(deep + "d/b.yaml", service("b"));
    start();
    EXPECT_EQ(held_.count("b"), 0u);
    EXPECT_EQ(problems(), Texts{deep + "d: is nested too deep: it is not read"});
}

TEST_F(Load, FilesHaveALimit) {
    for (size_t i = 0; i < limits::kManifestFiles; ++i) {
        OpenFile(directory_.at(std::to_string(100'000 + i) + ".yaml"), 0);
    }
    start();
    EXPECT_EQ(problems(), Texts{});
    EXPECT_EQ(source_->files_parsed(), limits::kManifestFiles);
    directory_.write("x.yaml", service("a"));
    poll();
    const Texts refused{"x.yaml: is one file too many: at most 20000 are read"};
    EXPECT_EQ(problems(), refused);
    directory_.remove("x.yaml");
    poll();
    EXPECT_EQ(problems(), Texts{});
    directory_.write("x.yaml", service("a"));
    start();
    EXPECT_EQ(problems(), refused);
    EXPECT_EQ(held_, Held{});
    directory_.remove("x.yaml");
    poll();
    EXPECT_EQ(problems(), Texts{}) << "also what the first walk said";
}

TEST_F(Load, TheSameRootTwiceIsOne) {
    directory_.write("a.yaml", service("a"));
    start({directory_.path(), directory_.path() + "/", directory_.path() + "/./"});
    EXPECT_EQ(problems(), Texts{});
    EXPECT_EQ(source_->files_parsed(), 1u);
}

TEST_F(Load, ATenMegabyteFileIsRefusedCheaply) {
    directory_.write("big.yaml", "#" + std::string(10 * 1024 * 1024, 'x'));
    start();
    EXPECT_EQ(problems(), Texts{"big.yaml: has more than 4194304 bytes: split it"});
}

}  // namespace
}  // namespace sluice::files
