// Patterns: RE2, through the proxy's own check, must take whatever the compiler lets through,
// because one that it refuses would cost the whole table.
#include "controller/compile/pattern.h"

#include <gtest/gtest.h>
#include <iterator>
#include <random>
#include <sstream>
#include <vector>

#include "proxy/route/regexes.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

bool is_taken(const std::string& pattern) {
    return why_pattern_refused(pattern).empty();
}

void expect_taken_by_both(const std::string& pattern) {
    EXPECT_EQ(why_pattern_refused(pattern), "") << pattern;
    EXPECT_EQ(route::why_refused(pattern), "") << pattern;
}

TEST(Pattern, TakesWhatPeopleWrite) {
    for (const char* pattern :
         {"/",
          "/v1/.*",
          "/v1/models/[a-z0-9.-]+",
          "/(chat|completions)",
          "/v1/models/[^/]+/infer",
          "(?i)/API/.*",
          "(?:a|b)+?",
          "/users/\\d{1,10}",
          "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
          "^/a$",
          "a|b|",
          "()",
          "(|a)",
          "a{2}{",
          "{",
          "{a}",
          "a{,2}",
          "x{0}",
          "a{3,}"}) {
        expect_taken_by_both(pattern);
    }
}

TEST(Pattern, TakesFlagsSetsAndEscapes) {
    for (const char* pattern : {
             "(?P<name>a)(?P<other_1>b)",
             "(?s).",
             "(?im-sU)a",
             "(?i:a)b",
             "(?-i)a",
             "\\.\\*\\/\\-\\[",
             "[]a]",
             "[^]a]",
             "[a-]",
             "[-a]",
             "[a\\]b]",
             "[\\d\\-x]",
             "[\\w.]+",
             "[[:alpha:]_]",
             "[a&&b]",
             "\\bfoo\\B",
             "\\A/x\\z",
             "\\x41\\xC3\\x{a9}",
             "\\a\\f\\n\\r\\t\\v",

             "((((a))))",
             "(a{10}){100}",
             "[a-z0-9.-]{1,253}",
             "[^/]{1,200}",
             "gpt-4o(-mini)?",
             "a??",
             "]",
             "}",
         }) {
        expect_taken_by_both(pattern);
    }
}

void expect_refused_by_both(const std::string& pattern) {
    EXPECT_FALSE(is_taken(pattern)) << pattern;
    EXPECT_NE(route::why_refused(pattern), "") << pattern << ": RE2 takes it";
}

TEST(Pattern, RefusesGroupsAndRepetitionsThatRe2Refuses) {
    for (const char* pattern :
         {"(",
          ")",
          "a)",
          "(a",
          "*",
          "+a",
          "?",
          "a**",
          "a+*",
          "a{2}{3}",
          "(*a)",
          "|*",
          "{2}",
          "a{1001}",
          "a{2,1}",
          "(a{100}){11}",
          "((a{10}){10}){11}",
          "(?=a)",
          "(?!a)",
          "(?<=a)",
          "(?<!a)",
          "(?P<>x)",
          "(?P<a-b>x)",
          "(?P=a)",
          "(?P>a)",
          "(?",
          "(?i",
          "(?z)",
          "(?i-)",
          "(?#c)",
          "(?>a)"}) {
        expect_refused_by_both(pattern);
    }
}

TEST(Pattern, RefusesSetsAndEscapesThatRe2Refuses) {
    for (const char* pattern :
         {"[",
          "[a",
          "[]",
          "[^]",
          "\\",
          "a\\",
          "\\1",
          "\\y",
          "\\x",
          "\\x4",
          "\\x{}",
          "\\x{100}",
          "\\x{41",
          "[z-a]",
          "[a-\\d]",
          "[[:nope:]]",
          "\\\xc3\xa9"}) {
        expect_refused_by_both(pattern);
    }
}

TEST(Pattern, RefusesAFewThingsThatRe2WouldTake) {
    for (const char* pattern :
         {"\\pL",
          "\\p{Greek}",
          "\\Q.\\E",
          "\\C",
          "\\012",
          "\\_",
          "a{01}",
          "a{1",
          "^*",
          "(?P<a>x)(?P<a>y)",
          "caf\xc3\xa9",
          "[\xc3\xa0-\xc3\xbf]",
          "\xff"}) {
        EXPECT_FALSE(is_taken(pattern)) << pattern;
    }
}

TEST(Pattern, NamesTheFault) {
    EXPECT_EQ(why_pattern_refused("(a"), "lacks a ')'");
    EXPECT_EQ(why_pattern_refused("a)"), "has a ')' too many");
    EXPECT_EQ(why_pattern_refused("[a"), "lacks a ']'");
    EXPECT_EQ(why_pattern_refused("*"), "repeats what cannot be repeated");
    EXPECT_EQ(why_pattern_refused("(?=a)"), "looks ahead or behind: RE2 cannot");
    EXPECT_EQ(
        why_pattern_refused("[a-z]{1000}.{1000}.{1000}"),
        "is too large once it is compiled: repeat less"
    );
    EXPECT_EQ(why_pattern_refused(""), "must not be empty");
    EXPECT_EQ(why_pattern_refused(std::string("a\0b", 3)), "must not hold control bytes");
    EXPECT_EQ(why_pattern_refused("a\nb"), "must not hold control bytes");
}

TEST(Pattern, HoldsTheLimits) {
    expect_taken_by_both(std::string(limits::kRegexBytes, 'a'));
    EXPECT_FALSE(is_taken(std::string(limits::kRegexBytes + 1, 'a')));
    expect_taken_by_both("a{1000}");
    EXPECT_FALSE(is_taken("a{1001}"));
    expect_taken_by_both("((a{10}){10}){10}");
    const auto nested = [](size_t depth) {
        return std::string(depth, '(') + "a" + std::string(depth, ')');
    };
    expect_taken_by_both(nested(100));
    EXPECT_FALSE(is_taken(nested(101)));
    EXPECT_FALSE(is_taken(std::string(500, '(') + std::string(500, ')')));
    EXPECT_FALSE(is_taken("a{99999999999999999999999}"));
}

std::string repeated(const std::string& form, const std::string& piece, int count) {
    std::string text = form;
    text.replace(text.find('P'), 1, piece);
    return text.replace(text.find('N'), 1, std::to_string(count));
}

// At the largest size that our estimate admits, RE2 must still agree: the costs are upper bounds.
TEST(Pattern, EstimatesAreUpperBounds) {
    const std::vector<std::string> pieces{
        ".",    "a",      "k",        "[a-z]",  "[^/]",          "[^a]",          "\\w",
        "\\W",  "\\D",    "\\S",      "\\xb5",  "[\\xe0-\\xff]", "[[:punct:]]",   "(a|b)",
        "(a*)", "(?:a?)", "[\\W\\d]", "[^\\w]", "[a-cx-z.0-3]",  "(?:ab|cd|ef|.)"
    };
    size_t large = 0;
    for (const char* flags : {"", "(?i)", "(?s)", "(?m)"}) {
        for (const std::string& piece : pieces) {
            std::string ten;
            for (int i = 0; i < 10; ++i) ten += piece;
            for (const char* form : {"P{N}", "P{0,N}", "P{N,}", "(?:P){N}?", "(?:P){0,N}x"}) {
                int largest = 0;
                for (int n = 1; n <= 1000; n += 1 + n / 16) {
                    if (is_taken(flags + repeated(form, ten, n))) largest = n;
                }
                if (largest == 0) continue;
                large += largest < 1000 ? 1 : 0;
                const std::string pattern = flags + repeated(form, ten, largest);
                EXPECT_EQ(route::why_refused(pattern), "") << pattern;
            }
        }
    }
    EXPECT_GT(large, 100u) << "most of these must have met our bound, not the 1000 repetitions";
}

// Pieces of patterns, between blanks.
constexpr const char* kTokens =
    R"_(a k s Z 0 - ^ $ . | ( ( ) ) (?: (?i) (?P<n> (?i: (?s-i: [ [^ ] * + ? { } {2} )_"
    R"_({0} {1,3} {2,} {30} {100} , \ \d \W \b \. \x41 \x{ff} [a-z] [^/] [:alpha:] )_"
    R"_([[:digit:]] \xe9 [\xe0-\xff] \n \z x{,2} ]- a-z : = ! < > P )_";

std::vector<std::string> split(const char* text) {
    std::istringstream words(text);
    return {std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
}

TEST(Pattern, WhateverIsTakenRe2Takes) {
    const std::vector<std::string> tokens = split(kTokens);
    std::mt19937 random(7);
    size_t taken = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string pattern;
        for (size_t length = 1 + random() % 9; length > 0; --length)
            pattern += tokens[random() % tokens.size()];
        if (!is_taken(pattern)) continue;
        ++taken;
        ASSERT_EQ(route::why_refused(pattern), "") << pattern;
    }
    EXPECT_GT(taken, 3'000u) << "the test says nothing when everything is refused";
}

}  // namespace
}  // namespace sluice::compile
