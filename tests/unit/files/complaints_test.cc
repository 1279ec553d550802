// Tests who says what, and when it is taken back.
#include "controller/files/complaints.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::files {
namespace {

std::vector<std::string> said(const Complaints& complaints) {
    std::vector<model::Problem> report;
    complaints.append_to(report);
    std::vector<std::string> texts;
    for (const model::Problem& problem : report) texts.push_back(to_string(problem));
    return texts;
}

using Texts = std::vector<std::string>;

TEST(Complaints, AreSaidUntilTheyAreCleared) {
    Complaints complaints;
    complaints.set("b", "is bad");
    complaints.set("a", "is worse");
    EXPECT_EQ(said(complaints), (Texts{"a: is worse", "b: is bad"}));
    complaints.set("b", "is good again, nearly");
    complaints.clear("a");
    EXPECT_EQ(said(complaints), Texts{"b: is good again, nearly"});
    complaints.set("b", std::vector<model::Problem>{});
    EXPECT_EQ(said(complaints), Texts{});
}

TEST(Complaints, AFileThatIsGoneIsForgivenWhoeverSpokeOfIt) {
    Complaints complaints;
    complaints.set("/top", {{{"/top/sub/a", {}}, "", "x"}, {{"/top/sub/b", {}}, "", "x"}});
    complaints.set("/top/sub/a", "y");
    complaints.forgive("/top/sub/a");
    EXPECT_EQ(said(complaints), Texts{"/top/sub/b: x"});
    complaints.set("rel", {{{"rel/a", {}}, "", "x"}});
    complaints.forgive("rel/a");
    complaints.forgive("/top/sub/b");
    EXPECT_EQ(said(complaints), Texts{});
}

TEST(Complaints, TheReportHasALimit) {
    Complaints complaints;
    for (size_t i = 0; i < limits::kReportLines; ++i) complaints.set(std::to_string(i), "x");
    EXPECT_EQ(said(complaints).size(), limits::kReportLines);
    complaints.set("one more", "x");
    EXPECT_EQ(said(complaints).size(), limits::kReportLines);
}

}  // namespace
}  // namespace sluice::files
