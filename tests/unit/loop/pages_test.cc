// The admin pages, from what a ledger and a file report hold.
#include "controller/loop/pages.h"

#include <gtest/gtest.h>

#include "controller/loop/log.h"
#include "tests/unit/loop/snapshots.h"

namespace sluice::loop {
namespace {

constexpr table::Digests kA{1, 1, 0};

class Pages : public testing::Test {
protected:
    admin::Response get(const std::string& path, const std::string& query = "") const {
        return page({.method = "GET", .path = path, .query = query}, ledger_, report_, figures_);
    }
    void compile(std::vector<compile::Verdict> verdicts) {
        ledger_.compiled(*snapshot_of({chat_}), said_of(std::move(verdicts)));
        ledger_.offered(kA);
    }
    static bool has(const admin::Response& response, const std::string& text) {
        return response.body.find(text) != std::string::npos;
    }

    RoutePtr chat_ = route("chat", "12");
    Ledger ledger_;
    files::FileReport report_;
    Figures figures_;
};

TEST_F(Pages, ready_only_when_a_first_table_runs) {
    EXPECT_EQ(get("/livez").status, 200u);
    EXPECT_EQ(get("/readyz").status, 503u);
    compile(verdicts_of({chat_}));
    EXPECT_EQ(get("/readyz").status, 503u);
    ledger_.running(4, kA);
    EXPECT_EQ(get("/readyz").status, 200u);
    EXPECT_EQ(get("/generation").body, "4\n");
}

TEST_F(Pages, unknown_pages_list_the_known) {
    EXPECT_EQ(get("/").status, 404u);
    EXPECT_TRUE(has(get("/verdict"), "/verdicts"));
}

TEST_F(Pages, metrics_are_text_for_prometheus) {
    figures_.files_parsed = 9;
    EXPECT_EQ(get("/metrics").type, kMetricsType);
    EXPECT_TRUE(has(get("/metrics"), "sluice_controller_files_parsed_total 9\n"));
}

TEST_F(Pages, conditions_of_an_object_on_its_way) {
    compile(verdicts_of({chat_}));
    admin::Response response = get("/verdicts");
    EXPECT_EQ(response.type, "application/json");
    EXPECT_TRUE(has(response, R"("type":"Accepted","status":"True")")) << response.body;
    EXPECT_TRUE(has(response, R"("observedGeneration":3)"));
    EXPECT_TRUE(has(response, R"("type":"ResolvedRefs","status":"True")"));
    EXPECT_TRUE(has(response, R"("type":"Programmed","status":"False")"));
    EXPECT_TRUE(has(response, R"("reason":"Pending")"));
    EXPECT_TRUE(has(get("/verdicts", "format=text"), "not programmed: waiting"));
    EXPECT_TRUE(has(get("/programmed"), "ModelRoute demo/chat"));

    ledger_.running(1, kA);
    response = get("/verdicts");
    EXPECT_TRUE(has(response, R"("type":"Programmed","status":"True")")) << response.body;
    EXPECT_FALSE(has(get("/verdicts", "format=text"), "not programmed"));
    EXPECT_FALSE(has(get("/programmed"), "ModelRoute demo/chat"));
    EXPECT_TRUE(has(get("/programmed"), R"("ModelRoute": 12)")) << get("/programmed").body;
}

TEST_F(Pages, a_refused_object_says_why) {
    compile::Verdict verdict = verdict_of(chat_);
    verdict.accepted = false;
    verdict.accepted_reason = Reason::conflict;
    verdict.resolved = false;
    verdict.resolved_reason = Reason::service_not_found;
    const auto refused = compile::Finding::Severity::refused;
    verdict.findings.push_back({refused, "spec.rules[0]", Reason::conflict, "demo/old won"});
    compile({verdict});
    ledger_.running(1, kA);
    const admin::Response response = get("/verdicts");
    EXPECT_TRUE(has(response, R"("type":"Accepted","status":"False")")) << response.body;
    EXPECT_TRUE(has(response, R"("reason":"Conflict","message":"demo/old won")"));
    EXPECT_TRUE(has(response, R"("reason":"ServiceNotFound")"));
    EXPECT_TRUE(has(response, R"("type":"Programmed","status":"False")"));
    EXPECT_TRUE(has(get("/verdicts", "format=text"), "demo/old won"));
}

TEST_F(Pages, an_object_of_another_class_has_no_conditions) {
    compile::Verdict verdict = verdict_of(chat_);
    verdict.ours = false;
    compile({verdict});
    EXPECT_TRUE(has(get("/verdicts"), R"({"conditions": [])")) << get("/verdicts").body;
    EXPECT_FALSE(has(get("/programmed"), "ModelRoute demo/chat"));
}

TEST_F(Pages, problems_of_files_are_shown) {
    report_.problems.push_back({{"a.yaml", {3, 5}}, "spec", "unknown field \"x\""});
    EXPECT_TRUE(has(get("/verdicts", "format=text"), "a.yaml:3:5: spec: unknown field \"x\"\n"));
    EXPECT_TRUE(has(get("/verdicts"), R"(unknown field \"x\")")) << get("/verdicts").body;
}

TEST_F(Pages, nothing_is_said_of_nothing) {
    EXPECT_EQ(get("/verdicts", "format=text").body, "no objects\n");
}

TEST(ConditionReason, spelt_as_kubernetes_does) {
    EXPECT_EQ(condition_reason(Reason::service_not_found), "ServiceNotFound");
    EXPECT_EQ(condition_reason(Reason::accepted), "Accepted");
    EXPECT_EQ(condition_reason(Reason::tls_not_served), "TlsNotServed");
}

TEST(Quoted, no_text_leaves_its_line) {
    EXPECT_EQ(quoted("plain"), "\"plain\"");
    EXPECT_EQ(quoted(""), "\"\"");
    EXPECT_EQ(quoted("a\" level=info \\"), R"("a\" level=info \\")");
    EXPECT_EQ(quoted("a\nb\x1b\x7f"), R"("a\x0ab\x1b\x7f")");
    EXPECT_EQ(quoted("größe"), "\"größe\"");
}

}  // namespace
}  // namespace sluice::loop
