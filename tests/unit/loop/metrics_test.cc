// The controller's numbers in the text format that Prometheus scrapes.
#include "controller/loop/metrics.h"

#include <gtest/gtest.h>

namespace sluice::loop {
namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(Metrics, EveryFigureHasItsSample) {
    Figures figures;
    figures.compiles.add(2'500'000);
    figures.compiles.add(1'000'000'000);
    figures.endpoint_updates.add(30'000'000);
    figures.compile_pause_ns = 25'000'000;
    figures.endpoint_update_pause_ns = 5'000'000;
    figures.routes_compiled = 10'000;
    figures.files_parsed = 201;
    figures.bytes_published = {740'000, 4096};
    figures.running_generation = 7;
    figures.proxy_connected = true;
    const std::string text = metrics_text(figures);
    for (const char* line :
         {"sluice_controller_compiles_total 2",
          "sluice_controller_routes_compiled_total 10000",
          "sluice_controller_endpoint_updates_total 1",
          "sluice_controller_files_parsed_total 201",
          "sluice_controller_bytes_published_total{segment=\"routes\"} 740000",
          "sluice_controller_bytes_published_total{segment=\"endpoints\"} 4096",
          "sluice_controller_work_cpu_seconds_total{work=\"compile\"} 1.0025",
          "sluice_controller_work_cpu_seconds_total{work=\"endpoint_update\"} 0.03",
          "sluice_controller_holdoff_seconds{work=\"compile\"} 0.025",
          "sluice_controller_holdoff_seconds{work=\"endpoint_update\"} 0.005",
          "sluice_controller_running_generation 7",
          "sluice_controller_proxy_connected 1"}) {
        EXPECT_TRUE(has_line(text, line)) << line << "\nin\n" << text;
    }
}

TEST(Metrics, AreThereBeforeAnythingHappened) {
    const std::string text = metrics_text({});
    EXPECT_TRUE(has_line(text, "sluice_controller_compiles_total 0"));
    EXPECT_TRUE(has_line(text, "sluice_controller_work_cpu_seconds_total{work=\"compile\"} 0"));
    EXPECT_TRUE(has_line(text, "sluice_controller_proxy_connected 0"));
}

}  // namespace
}  // namespace sluice::loop
