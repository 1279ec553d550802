// RE2 as it is fenced: whole match, bytes, bounds, sharing over generations.
#include "proxy/route/regexes.h"

#include <chrono>
#include <gtest/gtest.h>

#include "table/limits.h"
#include "tests/unit/route/fixture.h"

namespace sluice::route {
namespace {

using table::PathKind;

table::RoutesSpec with_patterns(const std::vector<std::string>& patterns) {
    table::RoutesSpec spec;
    table::HostSpec host{"", {}};
    for (const auto& pattern : patterns) add_match(spec, host, PathKind::regex, pattern);
    spec.hosts.push_back(host);
    return spec;
}

// Matches `text` against the only pattern of a table.
bool matches(const std::string& pattern, std::string_view text) {
    const Table table(with_patterns({pattern}));
    const Regexes regexes = Regexes::of(table.view, nullptr);
    return regexes.matches(0, text);
}

TEST(Regexes, match_the_whole_text) {
    EXPECT_TRUE(matches("/v[0-9]+", "/v12"));
    EXPECT_FALSE(matches("/v[0-9]+", "/v12/x"));
    EXPECT_FALSE(matches("/v[0-9]+", "x/v12"));
    EXPECT_TRUE(matches("a|ab", "ab")) << "an alternative is not final because it came first";
    EXPECT_TRUE(matches("", ""));
    EXPECT_TRUE(matches(".*", std::string_view()));
}

TEST(Regexes, every_byte_is_a_character) {
    EXPECT_TRUE(matches(
        "a.b",
        "a\xff"
        "b"
    ));
    EXPECT_TRUE(matches("a.b", std::string_view("a\0b", 3)));
    EXPECT_FALSE(matches(
        "a.b",
        "a\xc3\xa9"
        "b"
    )) << "two bytes, two characters";
    EXPECT_TRUE(matches("caf\xc3\xa9", "caf\xc3\xa9"));
}

TEST(Regexes, an_index_outside_the_table_matches_nothing) {
    const Table table(with_patterns({"a"}));
    const Regexes regexes = Regexes::of(table.view, nullptr);
    EXPECT_FALSE(regexes.matches(1, "a"));
    EXPECT_FALSE(regexes.matches(table::kNone, "a"));
    EXPECT_FALSE(Regexes().matches(0, "a"));
}

TEST(Regexes, generations_share_what_both_name) {
    const Table first(with_patterns({"a+", "b+"}));
    const Table second(with_patterns({"b+", "c+"}));
    const Regexes old = Regexes::of(first.view, nullptr);
    EXPECT_EQ(old.shared(), 0u);
    {
        const Regexes fresh = Regexes::of(second.view, &old);
        EXPECT_EQ(fresh.size(), 2u);
        EXPECT_EQ(fresh.shared(), 1u);
        EXPECT_EQ(old.shared(), 1u);
        for (uint32_t i = 0; i < 2; ++i) {
            const std::string_view pattern = second.view.text(second.view.regexes()[i].pattern);
            const std::string text(3, pattern[0]);
            EXPECT_TRUE(fresh.matches(i, text));
            EXPECT_FALSE(fresh.matches(i, "x"));
        }
    }
    EXPECT_EQ(old.shared(), 0u) << "a generation that goes takes its share along";
}

TEST(Regexes, outlive_the_table_and_the_generation_before) {
    Regexes regexes;
    {
        const Table first(with_patterns({"a+"}));
        Regexes old = Regexes::of(first.view, nullptr);
        const Table second(with_patterns({"a+"}));
        regexes = Regexes::of(second.view, &old);
    }
    EXPECT_TRUE(regexes.matches(0, "aaa"));
    EXPECT_FALSE(regexes.matches(0, "b"));
}

TEST(Regexes, say_why_a_pattern_is_refused) {
    EXPECT_EQ(why_refused("/v[0-9]+(/.*)?"), "");
    for (const char* pattern : {"(", "[", "a**", "a{2,1}", "(?<=a)b", "\\1", "(?P<n", "a{1001}"}) {
        EXPECT_NE(why_refused(pattern), "") << pattern;
    }
}

TEST(Regexes, limit_of_pattern_bytes) {
    EXPECT_EQ(why_refused(std::string(limits::kRegexBytes, 'a')), "");
    EXPECT_NE(why_refused(std::string(limits::kRegexBytes + 1, 'a')), "");
}

TEST(Regexes, limit_of_program_size) {
    std::string nine;
    for (int i = 0; i < 9; ++i) nine += "a{1000}";
    int accepted = 0;
    std::string at_limit;
    std::string refusal;
    for (int last = 900; last <= 1000; ++last) {
        const std::string pattern = nine + "a{" + std::to_string(last) + "}";
        const std::string why = why_refused(pattern);
        if (why.empty()) {
            ++accepted;
            at_limit = pattern;
        } else if (refusal.empty()) {
            refusal = why;
        }
    }
    EXPECT_GT(accepted, 0);
    EXPECT_NE(refusal.find(std::to_string(limits::kRegexProgram + 1)), std::string::npos)
        << refusal;
    EXPECT_FALSE(at_limit.empty());
}

// Patterns that take exponential time in an engine that backtracks. The bound is wide for a loaded
// machine; backtracking would take longer than the universe.
TEST(Regexes, classical_evil_patterns_stay_linear) {
    const std::vector<std::string> evil = {
        "(a+)+$b",
        "(a|aa)+c",
        "(a|a?)+b",
        "(.*a){20}c",
        "(x+x+)+y",
        "([a-z]+)*1!",
        "(a*)*b",
        "(a?){50}a{50}",
        "^(([a-z])+.)+[A-Z]([a-z])+$",
        "(.*)*(.*)*=z",
        "(\\w+\\s?)*!$",
        "((a*)*)*b",
    };
    const std::string text(limits::kFieldValueBytes, 'a');
    for (const auto& pattern : evil) {
        const Table table(with_patterns({pattern}));
        const Regexes regexes = Regexes::of(table.view, nullptr);
        regexes.matches(0, text);
        const auto start = std::chrono::steady_clock::now();
        EXPECT_FALSE(regexes.matches(0, text)) << pattern;
        const auto took = std::chrono::steady_clock::now() - start;
        EXPECT_LT(took, std::chrono::milliseconds(50)) << pattern;
    }
}

}  // namespace
}  // namespace sluice::route
