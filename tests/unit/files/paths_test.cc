// Tests paths as text.
#include "controller/files/paths.h"

#include <gtest/gtest.h>

namespace sluice::files {
namespace {

TEST(Paths, BelowAndJoined) {
    EXPECT_TRUE(is_below("a/b", "a"));
    EXPECT_TRUE(is_below("/a", "/"));
    EXPECT_FALSE(is_below("a", "a"));
    EXPECT_FALSE(is_below("a/", "a"));
    EXPECT_FALSE(is_below("ab/c", "a"));
    EXPECT_FALSE(is_below("/", "/"));
    EXPECT_EQ(join("a", "b"), "a/b");
    EXPECT_EQ(join("/", "b"), "/b");
}

TEST(Paths, NormalAndTakenApart) {
    EXPECT_EQ(normal_path("a//b/./c/"), "a/b/c");
    EXPECT_EQ(normal_path("/"), "/");
    EXPECT_EQ(parent_of("a/b"), "a");
    EXPECT_EQ(parent_of("a"), ".");
    EXPECT_EQ(parent_of("/a"), "/");
    EXPECT_EQ(name_of("a/b.yaml"), "b.yaml");
}

}  // namespace
}  // namespace sluice::files
