// Tests directories that may not be read for a while: what they hold is kept, not taken for
// deleted.
#include "controller/files/tree.h"
#include "tests/unit/files/watching.h"

namespace sluice::files {
namespace {

// Permissions do not bind root: those tests run as nobody.
class Permission : public Watching {
protected:
    static constexpr uid_t kNobody = 65534;
    void SetUp() override {
        if (geteuid() != 0) return;
        ASSERT_EQ(::chown(directory_.path().c_str(), kNobody, static_cast<gid_t>(-1)), 0);
        ASSERT_EQ(seteuid(kNobody), 0);
    }
    void TearDown() override {
        if (getuid() == 0) {
            ASSERT_EQ(seteuid(0), 0);
        }
    }
    void mode(const std::string& name, mode_t bits) {
        ASSERT_EQ(::chmod(directory_.at(name).c_str(), bits), 0);
    }
};

TEST_F(Permission, ADirectoryThatCannotBeListedKeepsItsContent) {
    directory_.write("live/sub/a.yaml", service("a"));
    directory_.write("live/b.yaml", service("b"));
    start({directory_.at("live")});
    mode("live/sub", 0);
    settle();
    EXPECT_EQ(held_, (Held{{"a", 80}, {"b", 80}}));
    ASSERT_FALSE(problems().empty());
    EXPECT_EQ(problems().back(), "live/sub: cannot be listed: Permission denied");
    mode("live/sub", 0700);
    settle();
    EXPECT_EQ(problems(), Texts{});
    directory_.write("live/sub/a.yaml", service("a", 2));
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}, {"b", 80}})) << "it is watched again";
    directory_.remove("live/sub");
    settle();
    EXPECT_EQ(held_, (Held{{"b", 80}})) << "what is deleted is gone";
}

TEST_F(Permission, ADirectoryThatMayBeListedButNotEnteredKeepsItsContent) {
    directory_.write("live/a.yaml", service("a"));
    directory_.write("live/sub/b.yaml", service("b"));
    start({directory_.at("live")});
    mode("live", 0400);
    settle();
    EXPECT_EQ(held_, (Held{{"a", 80}, {"b", 80}}));
    EXPECT_EQ(
        problems(),
        (Texts{
            "live/a.yaml: cannot be looked at: Permission denied",
            "live/sub: cannot be looked at: Permission denied"
        })
    );
    mode("live", 0700);
    settle();
    EXPECT_EQ(problems(), Texts{});
    EXPECT_EQ(source_->files_parsed(), 2u);
}

TEST_F(Permission, ARootBehindALockedDirectoryKeepsItsContent) {
    directory_.write("one/two/a.yaml", service("a", 1));
    start({directory_.at("one/two")});
    mode("one", 0);
    settle();
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    EXPECT_EQ(problems(), Texts{"one/two: cannot be looked at: Permission denied"});
    mode("one", 0700);
    directory_.write("one/two/a.yaml", service("a", 2));
    settle();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    EXPECT_EQ(problems(), Texts{});
}

TEST_F(Permission, AFileThatMayNotBeReadKeepsItsContentUntilItMay) {
    directory_.write("a.yaml", service("a"));
    start();
    mode("a.yaml", 0);
    settle();
    EXPECT_EQ(held_, (Held{{"a", 80}}));
    EXPECT_EQ(problems(), Texts{"a.yaml: cannot be read: Permission denied"});
    mode("a.yaml", 0600);
    settle();
    EXPECT_EQ(problems(), Texts{});
}

TEST_F(Permission, UnknownIsNotAbsent) {
    directory_.write("live/a.yaml", service("a"));
    mode("live", 0);
    EXPECT_EQ(look_at(directory_.at("live/a.yaml")).type, EntryType::unknown);
    EXPECT_EQ(look_at(directory_.at("live")).type, EntryType::directory);
    mode("live", 0700);
    EXPECT_EQ(look_at(directory_.at("live/a.yaml")).type, EntryType::file);
    EXPECT_EQ(look_at(directory_.at("live/b.yaml")).type, EntryType::absent);
    EXPECT_EQ(look_at(directory_.at("live/a.yaml/b")).type, EntryType::absent);
}

}  // namespace
}  // namespace sluice::files
