// Matches of a ModelRoute: canonical conditions in one order, and refusals with their field.
#include "controller/compile/match.h"

#include <gtest/gtest.h>

#include "table/limits.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
using model::PathMatchType;
using model::ValueMatchType;
using table::PredicateKind;
using table::PredicateSpec;

Match compiled(const model::RouteMatch& match) {
    const auto result = compile_match(match, "m");
    EXPECT_TRUE(result) << result.error().message;
    return result.value_or(Match{});
}

std::string refusal(const model::RouteMatch& match) {
    const auto result = compile_match(match, "m");
    if (result) return "compiled";
    return result.error().field + " " + std::string(reason_text(result.error().reason));
}

model::RouteMatch header(
    std::string name, std::string value, ValueMatchType type = ValueMatchType::exact
) {
    model::RouteMatch out;
    out.headers.push_back({type, std::move(name), std::move(value)});
    return out;
}

model::RouteMatch query(
    std::string name, std::string value, ValueMatchType type = ValueMatchType::exact
) {
    model::RouteMatch out;
    out.query_params.push_back({type, std::move(name), std::move(value)});
    return out;
}

TEST(Match, WithoutConditionsIsTheRootPrefix) {
    const Match match = compiled({});
    EXPECT_EQ(match.path_kind, table::PathKind::prefix);
    EXPECT_EQ(match.path, "");
    EXPECT_TRUE(match.predicates.empty());
}

TEST(Match, PathsGoByTheirType) {
    EXPECT_EQ(compiled(path_match(PathMatchType::exact, "/a/")).path, "/a/");
    EXPECT_EQ(compiled(path_match(PathMatchType::exact, "/a/")).path_kind, table::PathKind::exact);
    EXPECT_EQ(compiled(path_match(PathMatchType::path_prefix, "/a/")).path, "/a");
    EXPECT_EQ(compiled(path_match(PathMatchType::path_prefix, "/")).path, "");
    EXPECT_EQ(compiled(path_match(PathMatchType::regular_expression, "/a/.*")).path, "/a/.*");
    EXPECT_EQ(refusal(path_match(PathMatchType::exact, "/a//b")), "m.path.value invalid_field");
    EXPECT_EQ(refusal(path_match(PathMatchType::path_prefix, "")), "m.path.value invalid_field");
    EXPECT_EQ(
        refusal(path_match(PathMatchType::regular_expression, "")), "m.path.value invalid_field"
    );
}

TEST(Match, PredicatesAreSortedByCostThenName) {
    model::RouteMatch match;
    match.method = "POST";
    match.headers = {
        {ValueMatchType::regular_expression, "a", "x.*"},
        {ValueMatchType::exact, "B", "2"},
        {ValueMatchType::exact, "a", "1"}
    };
    match.query_params = {
        {ValueMatchType::regular_expression, "Q", "y"}, {ValueMatchType::exact, "Q", "z"}
    };
    const std::vector<PredicateSpec> expected{
        {PredicateKind::method, "", "POST"},
        {PredicateKind::header_exact, "a", "1"},
        {PredicateKind::header_exact, "b", "2"},
        {PredicateKind::query_exact, "Q", "z"},
        {PredicateKind::header_regex, "a", "x.*"},
        {PredicateKind::query_regex, "Q", "y"},
    };
    EXPECT_EQ(compiled(match).predicates, expected);
}

TEST(Match, RepeatedConditionsCountOnce) {
    model::RouteMatch match = header("X-A", "1");
    match.headers.push_back({ValueMatchType::exact, "x-a", "1"});
    EXPECT_EQ(compiled(match).predicates.size(), 1u);
}

TEST(Match, NamesAreChecked) {
    for (const char* name : {"", "a b", "a:", "a\n", "é"}) {
        EXPECT_EQ(refusal(header(name, "1")), "m.headers[0].name invalid_field") << name;
    }
    EXPECT_EQ(refusal(query("", "1")), "m.queryParams[0].name invalid_field");
    EXPECT_EQ(refusal(query("a\n", "1")), "m.queryParams[0].name invalid_field");
    EXPECT_EQ(compiled(query("Ä b&=", "1")).predicates[0].name, "Ä b&=");
    const std::string longest(limits::kFieldNameBytes, 'a');
    EXPECT_EQ(refusal(header(longest, "1")), "compiled");
    EXPECT_EQ(refusal(header(longest + "a", "1")), "m.headers[0].name invalid_field");
    EXPECT_EQ(refusal(query(longest, "1")), "compiled");
    EXPECT_EQ(refusal(query(longest + "a", "1")), "m.queryParams[0].name invalid_field");
}

TEST(Match, ValuesAreChecked) {
    for (const std::string& value :
         {std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f")}) {
        EXPECT_EQ(refusal(header("a", value)), "m.headers[0].value invalid_field");
        EXPECT_EQ(refusal(query("a", value)), "m.queryParams[0].value invalid_field");
    }
    EXPECT_EQ(refusal(header("a", "")), "compiled");
    EXPECT_EQ(refusal(query("a", "")), "compiled");
    const std::string longest(limits::kFieldValueBytes, 'a');
    EXPECT_EQ(refusal(header("a", longest)), "compiled");
    EXPECT_EQ(refusal(header("a", longest + "a")), "m.headers[0].value invalid_field");
}

TEST(Match, PatternsAreBounded) {
    constexpr auto kRegex = ValueMatchType::regular_expression;
    const std::string longest(limits::kRegexBytes, 'a');
    EXPECT_EQ(refusal(header("a", longest, kRegex)), "compiled");
    EXPECT_EQ(refusal(header("a", longest + "a", kRegex)), "m.headers[0].value invalid_field");
    EXPECT_EQ(refusal(query("a", "", kRegex)), "m.queryParams[0].value invalid_field");
    EXPECT_EQ(refusal(path_match(PathMatchType::regular_expression, longest)), "compiled");
    EXPECT_EQ(
        refusal(path_match(PathMatchType::regular_expression, longest + "a")),
        "m.path.value invalid_field"
    );
}

TEST(Match, MethodsAreTokens) {
    const auto with_method = [](std::string method) {
        model::RouteMatch out;
        out.method = std::move(method);
        return refusal(out);
    };
    EXPECT_EQ(with_method("GET"), "compiled");
    EXPECT_EQ(with_method(std::string(limits::kMethodBytes, 'A')), "compiled");
    EXPECT_EQ(with_method(std::string(limits::kMethodBytes + 1, 'A')), "m.method invalid_field");
    EXPECT_EQ(with_method("GET /"), "m.method invalid_field");
    EXPECT_EQ(with_method(std::string("G\0", 2)), "m.method invalid_field");
}

TEST(Match, HoldsTheLimitOfPredicates) {
    model::RouteMatch match;
    for (size_t i = 0; i < limits::kPredicatesPerMatch; ++i) {
        match.headers.push_back({ValueMatchType::exact, "h" + std::to_string(i), "x"});
    }
    EXPECT_EQ(refusal(match), "compiled");
    match.method = "GET";
    EXPECT_EQ(refusal(match), "m too_many_objects");
}

}  // namespace
}  // namespace sluice::compile
