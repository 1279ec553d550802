// A thing is said once when it begins and once when it is over.
#include "controller/loop/news.h"

#include <gtest/gtest.h>

namespace sluice::loop {
namespace {

using Lines = std::vector<std::string>;

TEST(News, begins_once_and_ends_once) {
    News news;
    News::Change change = news.update({"a", "b"});
    EXPECT_EQ(change.begun, (Lines{"a", "b"}));
    EXPECT_EQ(change.over, Lines{});
    change = news.update({"a", "b"});
    EXPECT_EQ(change.begun, Lines{});
    EXPECT_EQ(change.over, Lines{});
    change = news.update({"b", "c"});
    EXPECT_EQ(change.begun, Lines{"c"});
    EXPECT_EQ(change.over, Lines{"a"});
    change = news.update({});
    EXPECT_EQ(change.over, (Lines{"b", "c"}));
    EXPECT_EQ(news.update({"a"}).begun, Lines{"a"});
}

}  // namespace
}  // namespace sluice::loop
