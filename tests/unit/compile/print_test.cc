// Texts of verdicts, and the JSON writer under strings from strangers.
#include "controller/compile/print.h"

#include <gtest/gtest.h>

#include "controller/compile/json.h"
#include "controller/compile/report.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

Verdict verdict() {
    Verdict out;
    out.object = {model::Kind::ingress, "demo", "web"};
    out.generation = 3;
    return out;
}

Finding finding(Finding::Severity severity, Reason reason) {
    return {severity, "spec.rules[0]", reason, "says why"};
}

TEST(VerdictText, IsOneLineWhenAllIsWell) {
    EXPECT_EQ(to_text(verdict()), "Ingress demo/web: accepted\n");
    EXPECT_FALSE(has_refusals(verdict()));
}

TEST(VerdictText, ListsFindings) {
    Verdict partly = verdict();
    partly.findings = {
        finding(Finding::Severity::warning, Reason::tls_not_served),
        finding(Finding::Severity::refused, Reason::conflict)
    };
    EXPECT_EQ(
        to_text(partly),
        "Ingress demo/web: accepted in part\n"
        "  warning tls_not_served: spec.rules[0]: says why\n"
        "  refused conflict: spec.rules[0]: says why\n"
    );
    EXPECT_TRUE(has_refusals(partly));
    partly.findings.pop_back();
    EXPECT_FALSE(has_refusals(partly));
}

TEST(VerdictText, NamesTheReasonOfEachCondition) {
    Verdict refused = verdict();
    refused.accepted = false;
    refused.accepted_reason = Reason::conflict;
    EXPECT_EQ(to_text(refused), "Ingress demo/web: refused (conflict)\n");
    EXPECT_TRUE(has_refusals(refused));
    Verdict unresolved = verdict();
    unresolved.resolved = false;
    unresolved.resolved_reason = Reason::service_not_found;
    EXPECT_EQ(
        to_text(unresolved),
        "Ingress demo/web: accepted, references not resolved (service_not_found)\n"
    );
    EXPECT_TRUE(has_refusals(unresolved));
    Verdict foreign = verdict();
    foreign.ours = false;
    foreign.accepted = false;
    foreign.accepted_reason = Reason::other_class;
    EXPECT_EQ(to_text(foreign), "Ingress demo/web: not ours (other_class)\n");
    EXPECT_FALSE(has_refusals(foreign));
}

TEST(VerdictText, NoNameCanForgeALine) {
    Verdict forged = verdict();
    forged.object.name = "a\nIngress demo/b: accepted\x1b[2J";
    forged.findings = {
        {Finding::Severity::refused, "x\r\ny", Reason::conflict, std::string("m\0n", 3)}
    };
    EXPECT_EQ(
        to_text(forged),
        "Ingress demo/a\\x0aIngress demo/b: accepted\\x1b[2J: accepted in part\n"
        "  refused conflict: x\\x0d\\x0ay: m\\x00n\n"
    );
}

TEST(VerdictText, OfSeveralIsTheirConcatenation) {
    const std::vector<Verdict> both{verdict(), verdict()};
    EXPECT_EQ(to_text(both), to_text(verdict()) + to_text(verdict()));
}

TEST(VerdictJson, HoldsEverything) {
    Verdict full = verdict();
    full.findings = {finding(Finding::Severity::refused, Reason::conflict)};
    full.rules = {{"0/0", {{"Service demo/a:80", 2, 90}}}};
    EXPECT_EQ(to_json(full), R"({
  "kind": "Ingress",
  "namespace": "demo",
  "name": "web",
  "generation": 3,
  "ours": true,
  "accepted": true,
  "acceptedReason": "accepted",
  "resolved": true,
  "resolvedReason": "accepted",
  "findings": [
    {
      "severity": "refused",
      "field": "spec.rules[0]",
      "reason": "conflict",
      "message": "says why"
    }
  ],
  "rules": [
    {
      "name": "0/0",
      "backends": [
        {"name": "Service demo/a:80", "readyEndpoints": 2, "effectiveWeight": 90}
      ]
    }
  ]
}
)");
    EXPECT_EQ(to_json(std::span<const Verdict>{}), "[]\n");
}

std::string json_text(std::string_view text) {
    JsonWriter json(0);
    json.value(text);
    return json.take();
}

TEST(Json, EscapesWhatMustBe) {
    EXPECT_EQ(json_text("a\"b\\c/d"), R"("a\"b\\c/d")");
    EXPECT_EQ(json_text("\n\t\x01\x7f"), R"("\n\u0009\u0001\u007f")");
    EXPECT_EQ(json_text(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(json_text("é€😀"), "\"é€😀\"");
}

TEST(Json, ReplacesWhatIsNoUtf8) {
    constexpr std::string_view kReplacement = "\xef\xbf\xbd";
    for (const char* bad :
         {"\x80",
          "\xff",
          "\xc0\xaf",
          "\xc3",
          "\xe0\x80\x80",
          "\xed\xa0\x80",
          "\xf4\x90\x80\x80",
          "\xf0\x80\x80\x80",
          "\xf5\x80\x80\x80"}) {
        const std::string out = json_text(bad);
        EXPECT_NE(out.find(kReplacement), std::string::npos) << out;
    }
    EXPECT_EQ(json_text("a\xc3(b"), "\"a" + std::string(kReplacement) + "(b\"");
}

TEST(Json, NestsInLinesOrInOne) {
    JsonWriter json(2);
    json.begin_object();
    json.key("empty");
    json.begin_list();
    json.end_list();
    json.key("line");
    json.begin_list(JsonWriter::Style::one_line);
    json.value(uint64_t{1});
    json.begin_object();
    json.member("a", true);
    json.end_object();
    json.end_list();
    json.member("last", int64_t{-1});
    json.end_object();
    EXPECT_EQ(
        json.take(), "{\n  \"empty\": [],\n  \"line\": [1, {\"a\": true}],\n  \"last\": -1\n}\n"
    );
    JsonWriter dense(0);
    dense.begin_object();
    dense.member("a", uint32_t{1});
    dense.member("b", "x");
    dense.end_object();
    EXPECT_EQ(dense.take(), R"({"a":1,"b":"x"})");
}

class ReportTest : public testing::Test {
protected:
    Verdict only() { return report_.take(); }
    ObjectReport report_{{model::Kind::ingress, "demo", "web"}, 7};
};

TEST_F(ReportTest, NothingSaidIsAccepted) {
    const Verdict out = only();
    EXPECT_TRUE(out.ours && out.accepted && out.resolved);
    EXPECT_EQ(out.generation, 7);
}

TEST_F(ReportTest, FirstRefusalNamesTheReasonUnlessSomethingIsServed) {
    report_.warn("f", Reason::tls_not_served, "m");
    report_.refuse("f", Reason::invalid_field, "m");
    report_.refuse("f", Reason::conflict, "m");
    const Verdict out = only();
    EXPECT_FALSE(out.accepted);
    EXPECT_EQ(out.accepted_reason, Reason::invalid_field);
    EXPECT_TRUE(out.resolved);
}

TEST_F(ReportTest, ServedInPartIsAccepted) {
    report_.refuse("f", Reason::conflict, "m");
    report_.served();
    EXPECT_TRUE(only().accepted);
}

TEST_F(ReportTest, UnresolvedKeepsItsFirstReason) {
    report_.unresolved("f", Reason::service_not_found, "m");
    report_.unresolved("f", Reason::service_port_not_found, "m");
    const Verdict out = only();
    EXPECT_TRUE(out.accepted);
    EXPECT_FALSE(out.resolved);
    EXPECT_EQ(out.resolved_reason, Reason::service_not_found);
}

TEST(Report, SameObjectHasOneVerdict) {
    Report report;
    ObjectReport& web = report.open({model::Kind::ingress, "demo", "web"}, 7);
    EXPECT_NE(&report.open({model::Kind::ingress, "demo", "other"}, 1), &web);
    EXPECT_EQ(&report.open({model::Kind::ingress, "demo", "web"}, 7), &web);
    const std::vector<Verdict> all = report.take();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].object.name, "other");
}

TEST_F(ReportTest, FindingsHoldTheirLimit) {
    for (size_t i = 0; i < limits::kFindingsPerObject; ++i)
        report_.warn("f", Reason::conflict, "m");
    EXPECT_EQ(only().findings.size(), limits::kFindingsPerObject);
    report_ = ObjectReport({model::Kind::ingress, "demo", "web"}, 7);
    for (size_t i = 0; i < limits::kFindingsPerObject + 5; ++i)
        report_.refuse("f", Reason::conflict, "m");
    const Verdict out = only();
    ASSERT_EQ(out.findings.size(), limits::kFindingsPerObject + 1);
    EXPECT_EQ(out.findings.back().message, "5 more findings are not listed");
    EXPECT_FALSE(out.accepted);
}

}  // namespace
}  // namespace sluice::compile
