// Query parameters: first occurrence, decoding, and texts that only look like parameters.
#include "proxy/route/query.h"

#include <gtest/gtest.h>
#include <string>

namespace sluice::route {
namespace {

TEST(Query, finds_the_first_of_a_name) {
    EXPECT_EQ(find_parameter("a=1&b=2&a=3", "a"), "1");
    EXPECT_EQ(find_parameter("a=1&b=2&a=3", "b"), "2");
    EXPECT_EQ(find_parameter("a=1&b=2", "c"), std::nullopt);
    EXPECT_EQ(find_parameter("", "a"), std::nullopt);
}

TEST(Query, a_name_is_whole_not_a_part) {
    EXPECT_EQ(find_parameter("xa=1&ax=2&a=3", "a"), "3");
    EXPECT_EQ(find_parameter("b=a=1", "a"), std::nullopt);
    EXPECT_EQ(find_parameter("A=1", "a"), std::nullopt);
}

TEST(Query, a_value_may_be_empty_or_absent_or_hold_equals_signs) {
    EXPECT_EQ(find_parameter("a", "a"), "");
    EXPECT_EQ(find_parameter("a=", "a"), "");
    EXPECT_EQ(find_parameter("a&a=1", "a"), "");
    EXPECT_EQ(find_parameter("a=b=c==", "a"), "b=c==");
}

TEST(Query, stray_separators_are_nothing) {
    EXPECT_EQ(find_parameter("&&&a=1&&", "a"), "1");
    EXPECT_EQ(find_parameter("&", ""), std::nullopt);
    EXPECT_EQ(find_parameter("a=1;b=2", "b"), std::nullopt);
}

TEST(Query, names_are_decoded) {
    EXPECT_EQ(find_parameter("%61=1", "a"), "1");
    EXPECT_EQ(find_parameter("a%3Db=1", "a=b"), "1");
    EXPECT_EQ(find_parameter("a%26b=1", "a&b"), "1");
}

TEST(Query, decoding_keeps_plus_and_broken_escapes) {
    EXPECT_TRUE(equals_decoded("a%20b", "a b"));
    EXPECT_TRUE(equals_decoded("a+b", "a+b"));
    EXPECT_FALSE(equals_decoded("a+b", "a b"));
    EXPECT_TRUE(equals_decoded("%c3%A9", "\xc3\xa9"));
    EXPECT_TRUE(equals_decoded("%", "%"));
    EXPECT_TRUE(equals_decoded("%4", "%4"));
    EXPECT_TRUE(equals_decoded("%zz", "%zz"));
    EXPECT_TRUE(equals_decoded("%2", "%2"));
    EXPECT_TRUE(equals_decoded("%%41", "%A"));
    EXPECT_TRUE(equals_decoded("%00", std::string_view("\0", 1)));
    EXPECT_TRUE(equals_decoded("%2541", "%41")) << "decoded once, never twice";
}

TEST(Query, equality_is_of_the_whole_text) {
    EXPECT_TRUE(equals_decoded("", ""));
    EXPECT_FALSE(equals_decoded("abc", "ab"));
    EXPECT_FALSE(equals_decoded("ab", "abc"));
    EXPECT_FALSE(equals_decoded("%61b", "a"));
}

TEST(Query, decode_agrees_with_equality_on_every_short_text) {
    const std::string alphabet = "%4a1";
    for (size_t code = 0; code < 4 * 4 * 4 * 4 * 4; ++code) {
        std::string raw;
        for (size_t rest = code, i = 0; i < 5; ++i, rest /= 4) raw += alphabet[rest % 4];
        std::string decoded(raw.size(), '\0');
        decoded.resize(decode_percent(raw, decoded.data()));
        ASSERT_TRUE(equals_decoded(raw, decoded)) << raw;
        ASSERT_FALSE(equals_decoded(raw, decoded + "x")) << raw;
    }
}

}  // namespace
}  // namespace sluice::route
