// Every case: its table and its verdicts are as expected, its questions find the expected rules,
// and neither the order of the objects nor anything but their content changes a byte.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <random>

#include "table/builder.h"
#include "table/view.h"
#include "tests/golden/case.h"
#include "tests/golden/oracle.h"
#include "tests/golden/print_table.h"

namespace sluice::golden {
namespace {

void expect_text(const std::filesystem::path& file, const std::string& actual) {
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream(file, std::ios::binary) << actual;
        return;
    }
    EXPECT_EQ(read_text(file), actual)
        << file << " differs. When the new text is right: UPDATE_GOLDEN=1 build/<dir>/golden";
}

class Golden : public testing::TestWithParam<std::filesystem::path> {
protected:
    Golden() : case_(load(GetParam())) {}

    compile::Compiled compile() const {
        return compile::compile(snapshot_of(case_.objects), case_.options);
    }
    Case case_;
};

TEST_P(Golden, GivesTheExpectedTableAndVerdicts) {
    const compile::Compiled compiled = compile();
    expect_text(case_.folder / "table.json", table_text(compiled.routes, compiled.endpoints));
    expect_text(case_.folder / "status.yaml", status_text(compiled.verdicts));
}

TEST_P(Golden, AnswersEachQuestionWithTheExpectedRule) {
    const compile::Compiled compiled = compile();
    for (const Ask& ask : case_.asks) {
        EXPECT_EQ(rule_for(compiled.routes, ask), ask.rule)
            << ask.method << ' ' << ask.host << ask.path;
    }
}

TEST_P(Golden, BuildsTheSameBytesFromAnyOrderOfObjects) {
    const compile::Compiled first = compile();
    const auto routes = table::build_routes(first.routes);
    const auto endpoints = table::build_endpoints(first.endpoints);
    ASSERT_TRUE(routes) << routes.error().message;
    ASSERT_TRUE(endpoints) << endpoints.error().message;
    std::mt19937 random(20261124);
    for (int round = 0; round < 5; ++round) {
        // Read anew, so that nothing can hang on addresses either.
        case_ = load(GetParam());
        std::shuffle(case_.objects.begin(), case_.objects.end(), random);
        const compile::Compiled again = compile();
        EXPECT_EQ(table::build_routes(again.routes).value(), *routes);
        EXPECT_EQ(table::build_endpoints(again.endpoints).value(), *endpoints);
        EXPECT_EQ(status_text(again.verdicts), status_text(first.verdicts));
    }
}

TEST_P(Golden, BuildsATableThatTheProxyTakes) {
    const compile::Compiled compiled = compile();
    const table::Bytes routes = table::build_routes(compiled.routes).value();
    const table::Bytes endpoints = table::build_endpoints(compiled.endpoints).value();
    const auto routes_view = table::RoutesView::verify(routes);
    EXPECT_TRUE(routes_view) << routes_view.error().message;
    const auto endpoints_view = table::EndpointsView::verify(endpoints);
    EXPECT_TRUE(endpoints_view) << endpoints_view.error().message;
}

std::string name_of(const testing::TestParamInfo<std::filesystem::path>& info) {
    std::string name = info.param.filename();
    std::replace_if(
        name.begin(),
        name.end(),
        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; },
        '_'
    );
    return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(all_folders()), name_of);

TEST(GoldenCases, AreAllThere) {
    EXPECT_GE(all_folders().size(), 40u);
}

}  // namespace
}  // namespace sluice::golden
