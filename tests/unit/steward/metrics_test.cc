// The metrics page over a real mapping: values, labels, what is left out, what promtool says, what
// the documentation says, and what a large page costs.
#include "proxy/steward/metrics.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <set>

#include "proxy/steward/tallies.h"
#include "tests/unit/steward/pod.h"

namespace sluice::steward {
namespace {

constexpr const char* kLabels =
    "{rule=\"ModelRoute/demo/chat/default\",backend=\"Service/demo/llama/http\"";

struct MetricsTest : testing::Test {
    MetricsTest() { pod.run(routes_bytes(routes_with({})), endpoints_bytes(8'000)); }
    std::string scrape() const { return pod.page(metrics_page(pod.sources())); }
    static bool has(const std::string& page, const std::string& line) {
        return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
    }
    test::Pod pod;
    live::Counters first{pod.mapping, 0};
    live::Counters second{pod.mapping, 1};
};

TEST_F(MetricsTest, SumsOverWorkersByClassAndReason) {
    const live::Slot slot = pod.slot(0, 0);
    test::count(first, slot, Reason::ok, 200);
    test::count(second, slot, Reason::ok, 204);
    test::count(second, slot, Reason::upstream_reset, 502);
    test::count(first, slot, Reason::client_gone, 0);
    second.begin(slot);
    const std::string page = scrape();
    const std::string labels = kLabels;
    EXPECT_TRUE(has(page, "sluice_requests_total" + labels + ",code=\"2xx\",reason=\"ok\"} 2"));
    EXPECT_TRUE(
        has(page, "sluice_requests_total" + labels + ",code=\"5xx\",reason=\"upstream_reset\"} 1")
    );
    EXPECT_TRUE(
        has(page, "sluice_requests_total" + labels + ",code=\"none\",reason=\"client_gone\"} 1")
    );
    EXPECT_TRUE(has(page, "sluice_requests_in_flight" + labels + "} 1"));
    EXPECT_TRUE(has(page, "sluice_request_body_bytes_total" + labels + "} 40"));
    EXPECT_TRUE(has(page, "sluice_response_body_bytes_total" + labels + "} 400"));
    EXPECT_TRUE(has(page, "sluice_retries_total" + labels + "} 4"));
}

TEST_F(MetricsTest, HistogramsAreCumulativeAndInSeconds) {
    test::count(first, pod.slot(0, 0), Reason::ok, 200);
    test::count(second, pod.slot(0, 0), Reason::ok, 200);
    const std::string page = scrape();
    const std::string labels = kLabels;
    const std::string name = "sluice_request_duration_seconds";
    EXPECT_TRUE(has(page, name + "_bucket" + labels + ",le=\"0.025\"} 0"));
    EXPECT_TRUE(has(page, name + "_bucket" + labels + ",le=\"0.1\"} 2"));
    EXPECT_TRUE(has(page, name + "_bucket" + labels + ",le=\"300\"} 2"));
    EXPECT_TRUE(has(page, name + "_bucket" + labels + ",le=\"+Inf\"} 2"));
    EXPECT_TRUE(has(page, name + "_count" + labels + "} 2"));
    EXPECT_TRUE(has(page, name + "_sum" + labels + "} 0.06"));
    EXPECT_TRUE(has(page, "sluice_first_byte_seconds_bucket" + labels + ",le=\"0.005\"} 2"));
}

TEST_F(MetricsTest, IdleOnesAreNotExposed) {
    EXPECT_EQ(scrape().find("rule="), std::string::npos);
    test::count(first, pod.slot(0, 0), Reason::ok, 200);
    EXPECT_NE(scrape().find("rule="), std::string::npos);
}

TEST_F(MetricsTest, SharedPlacesHaveNamesOfTheirOwn) {
    test::count(first, live::kOtherSlot, Reason::ok, 200);
    test::count(first, live::kUnroutedSlot, Reason::no_host, 404);
    test::count(first, pod.slot(0, -1), Reason::no_endpoints, 503);
    const std::string page = scrape();
    for (const char* labels : {
             R"({rule="other",backend="other",code="2xx",reason="ok"} 1)",
             R"({rule="none",backend="none",code="4xx",reason="no_host"} 1)",
             R"({rule="ModelRoute/demo/chat/default",backend="none",code="5xx",)"
             R"(reason="no_endpoints"} 1)",
         }) {
        EXPECT_TRUE(has(page, std::string("sluice_requests_total") + labels)) << labels;
    }
}

TEST_F(MetricsTest, EndpointsShowTheirLoadAndFailures) {
    live::Loads loads(pod.mapping, 1);
    const live::Slot slot = pod.current.get()->endpoints->slots[0];
    loads.begin(slot);
    loads.begin(slot);
    loads.failed(slot);
    const std::string page = scrape();
    const std::string labels = "{endpoint=\"llama-0\",address=\"10.0.0.1:8000\"}";
    EXPECT_TRUE(has(page, "sluice_endpoint_requests_in_flight" + labels + " 2"));
    EXPECT_TRUE(has(page, "sluice_endpoint_failures_total" + labels + " 1"));
}

// A pod of a StatefulSet keeps its name, and on the node's network its address: another endpoint,
// but the same series.
TEST_F(MetricsTest, AnEndpointThatComesBackIsOneSeries) {
    live::Loads loads(pod.mapping, 1);
    loads.failed(pod.current.get()->endpoints->slots[0]);
    pod.run(routes_bytes(routes_with({})), endpoints_bytes(8'000, "llama", "another uid"));
    loads.begin(pod.current.get()->endpoints->slots[0]);
    const std::string page = scrape();
    const std::string series = "\nsluice_endpoint_requests_in_flight{endpoint=\"llama-0\"";
    const size_t at = page.find(series);
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(page.find(series, at + 1), std::string::npos) << page;
    EXPECT_EQ(page.substr(page.find('}', at), 4), "} 1\n") << "the one that serves";
}

TEST_F(MetricsTest, AWorkersRecordAndTheTable) {
    live::WorkerRecord& worker = pod.mapping.worker(1);
    worker.running.store(1);
    worker.mapped.store(3);
    worker.ended[static_cast<size_t>(Reason::client_idle_timeout)].store(5);
    worker.pid.store(static_cast<uint32_t>(::getpid()));
    pod.mapping.pod().supervisor_pid.store(static_cast<uint32_t>(::getppid()));
    pod.mapping.pod().refusals[static_cast<size_t>(Reason::table_corrupt)].store(2);
    pod.log.written.store(9);
    const std::string page = scrape();
    EXPECT_TRUE(has(page, "sluice_worker_up{worker=\"0\"} 0"));
    EXPECT_TRUE(has(page, "sluice_worker_up{worker=\"1\"} 1"));
    EXPECT_TRUE(has(page, "sluice_worker_generations_mapped{worker=\"1\"} 3"));
    EXPECT_TRUE(
        has(page, "sluice_connections_closed_total{worker=\"1\",reason=\"client_idle_timeout\"} 5")
    );
    EXPECT_TRUE(has(page, "sluice_generations_refused_total{reason=\"table_corrupt\"} 2"));
    EXPECT_TRUE(has(page, "sluice_access_log_lines_written_total 9"));
    EXPECT_TRUE(has(page, "sluice_table_generation 1"));
    EXPECT_TRUE(has(page, "sluice_table_rules 1"));
    EXPECT_TRUE(has(page, "sluice_table_endpoints 1"));
    EXPECT_TRUE(has(page, "sluice_slots{kind=\"rule\",state=\"bound\"} 2"));
    EXPECT_TRUE(has(page, "sluice_slots_other{kind=\"rule\"} 0"));
    EXPECT_TRUE(has(page, "sluice_build_info{version=\"1.2.3\"} 1"));
    EXPECT_NE(page.find("process_cpu_seconds_total{process=\"worker-1\"} "), std::string::npos);
    EXPECT_EQ(page.find("process_cpu_seconds_total{process=\"worker-0\"} "), std::string::npos)
        << "a worker that never started has no process";
}

TEST_F(MetricsTest, ATableThatIsGoneKeepsItsNumbersUntilItsPlaceIsFreed) {
    test::count(first, pod.slot(0, 0), Reason::ok, 200);
    table::RoutesSpec other = routes_with({});
    other.rules[0].key = table::key128({"another"});
    other.rules[0].name = "ModelRoute/demo/other/default";
    pod.run(routes_bytes(other), endpoints_bytes(8'001));
    EXPECT_NE(scrape().find(kLabels), std::string::npos);
    EXPECT_TRUE(has(scrape(), "sluice_slots{kind=\"rule\",state=\"retired\"} 2"));
}

TEST(Exposition, LabelsMayBeAnyBytes) {
    std::string out;
    Exposition part("x_total", "Help.", FamilyType::counter);
    part.add({{"a", "quote\" slash\\ line\n"}, {"b", "\xff\xc3\xa9\xe2\x82"}}, 1);
    part.append_to(out, true);
    EXPECT_EQ(
        out,
        "# HELP x_total Help.\n# TYPE x_total counter\n"
        "x_total{a=\"quote\\\" slash\\\\ line\\n\",b=\"?\xc3\xa9??\"} 1\n"
    );
    part.append_to(out, false);
    EXPECT_EQ(std::count(out.begin(), out.end(), '#'), 2);
}

// --- as a whole

struct Lint {
    int status = -1;
    std::string said;
};

Lint promtool(const std::string& page) {
    const std::string path = testing::TempDir() + "/metrics-" + std::to_string(::getpid());
    std::ofstream(path) << page;
    Lint lint;
    FILE* const pipe = ::popen(("promtool check metrics < " + path + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return lint;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        lint.said += static_cast<char>(c);
    }
    lint.status = ::pclose(pipe);
    std::remove(path.c_str());
    return lint;
}

TEST_F(MetricsTest, PromtoolHasNothingToSay) {
    for (const live::Slot slot : {live::kOtherSlot, live::kUnroutedSlot, pod.slot(0, 0)}) {
        test::count(first, slot, Reason::ok, 200);
        test::count(second, slot, Reason::upstream_reset, 502);
    }
    const auto self = static_cast<uint32_t>(::getpid());
    pod.mapping.pod().supervisor_pid.store(self);
    pod.mapping.worker(0).ended[1].store(1);
    pod.mapping.pod().refusals[1].store(1);
    const Lint lint = promtool(scrape());
    EXPECT_EQ(lint.status, 0) << lint.said;
    EXPECT_EQ(lint.said, "");
    EXPECT_NE(promtool("x_total 1\n").said, "") << "it must see what is wrong";
}

TEST_F(MetricsTest, EveryFamilyStandsOnThePageOnce) {
    const std::string page = scrape();
    std::set<std::string> names;
    for (const MetricFamily& family : all_families()) {
        EXPECT_TRUE(names.insert(family.name).second) << family.name;
        const std::string type = std::string("# TYPE ") + family.name + " ";
        const size_t at = page.find(type);
        ASSERT_NE(at, std::string::npos) << family.name;
        EXPECT_EQ(page.find(type, at + 1), std::string::npos) << family.name;
    }
}

TEST_F(MetricsTest, TheDocumentationNamesTheSameFamilies) {
    std::set<std::string> written;
    std::ifstream file("docs/metrics.md");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("| `sluice_") && !line.starts_with("| `process_")) continue;
        written.insert(line.substr(3, line.find('`', 3) - 3));
    }
    std::set<std::string> exposed;
    for (const MetricFamily& family : all_families()) exposed.insert(family.name);
    EXPECT_EQ(written, exposed);
}

// --- size

double cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

table::RoutesSpec many_rules(size_t count) {
    table::RoutesSpec spec = routes_with({});
    const table::RuleSpec rule = spec.rules[0];
    for (size_t i = 1; i < count; ++i) {
        spec.rules.push_back(rule);
        spec.rules[i].name = "ModelRoute/team-" + std::to_string(i % 50) + "/route-" +
                             std::to_string(i) + "/default";
        spec.rules[i].key = table::key128({spec.rules[i].name});
        spec.hosts[0].matches.push_back(
            {table::PathKind::prefix, "/p" + std::to_string(i), {}, static_cast<uint32_t>(i)}
        );
    }
    return spec;
}

TEST(MetricsSize, TenThousandHistograms) {
    constexpr size_t kRules = 5'000;  // two histograms each
    test::Pod pod({.workers = 4, .load_slots = 64, .counter_slots = 50'002, .log_ring_bytes = 8192}
    );
    pod.run(routes_bytes(many_rules(kRules)), endpoints_bytes(8'000));
    for (uint32_t worker = 0; worker < 4; ++worker) {
        live::Counters counters(pod.mapping, worker);
        for (size_t i = 0; i < kRules; ++i) {
            test::count(counters, pod.slot(i, 0), Reason::ok, 200);
        }
    }
    const double before = cpu_seconds();
    Response response = metrics_page(pod.sources());
    size_t bytes = 0;
    size_t largest = 0;
    size_t histograms = 0;
    for (bool more = true; more;) {
        std::string piece;
        more = response.pieces(piece);
        bytes += piece.size();
        largest = std::max(largest, piece.size());
        for (size_t at = piece.find("le=\"+Inf\""); at != std::string::npos;
             at = piece.find("le=\"+Inf\"", at + 1)) {
            ++histograms;
        }
    }
    const double spent = cpu_seconds() - before;
    std::printf("10,000 histograms: %.3f s of CPU, %zu bytes\n", spent, bytes);
    RecordProperty("cpu_ms", static_cast<int>(spent * 1e3));
    EXPECT_EQ(histograms, 2 * kRules);
    EXPECT_LE(largest, 256U * 1024) << "other requests wait for a piece";
#ifdef SLUICE_INSTRUMENTED
    EXPECT_LE(spent, 4.0) << "with sanitizers";
#else
    EXPECT_LE(spent, 1.0);
#endif
}

}  // namespace
}  // namespace sluice::steward
