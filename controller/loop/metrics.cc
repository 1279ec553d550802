// A dozen families that always have the same samples: written as they stand.
#include "controller/loop/metrics.h"

#include <charconv>
#include <string_view>

namespace sluice::loop {
namespace {

class Page {
public:
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        name_ = "sluice_controller_" + std::string(name);
        text_ += "# HELP " + name_ + " " + std::string(help) + "\n";
        text_ += "# TYPE " + name_ + " " + std::string(type) + "\n";
    }
    void sample(std::string_view labels, std::string_view value) {
        text_ += name_;
        text_ += labels;
        text_ += ' ';
        text_ += value;
        text_ += '\n';
    }
    void counter(std::string_view name, std::string_view help, uint64_t value) {
        begin(name, "counter", help);
        sample("", std::to_string(value));
    }
    void gauge(std::string_view name, std::string_view help, uint64_t value) {
        begin(name, "gauge", help);
        sample("", std::to_string(value));
    }
    std::string take() { return std::move(text_); }

private:
    std::string name_;
    std::string text_;
};

// 0.012345678: exact, and the same in every locale.
std::string seconds(int64_t ns) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<double>(ns) / 1e9);
    return {digits, end.ptr};
}

void add_durations(Page& page, const Figures& figures) {
    constexpr std::string_view kCompile = R"({work="compile"})";
    constexpr std::string_view kEndpoints = R"({work="endpoint_update"})";
    page.begin(
        "work_cpu_seconds_total", "counter", "CPU time of compiles and updates, hand-over included."
    );
    page.sample(kCompile, seconds(figures.compiles.cpu_ns));
    page.sample(kEndpoints, seconds(figures.endpoint_updates.cpu_ns));
    page.begin(
        "holdoff_seconds", "gauge", "From one start to the next, as the last one's cost has it."
    );
    page.sample(kCompile, seconds(figures.compile_pause_ns));
    page.sample(kEndpoints, seconds(figures.endpoint_update_pause_ns));
}

}  // namespace

std::string metrics_text(const Figures& figures) {
    Page page;
    page.counter("compiles_total", "Compiles of routes and endpoints.", figures.compiles.times);
    page.counter(
        "routes_compiled_total", "Rules in the tables of these compiles.", figures.routes_compiled
    );
    page.counter(
        "endpoint_updates_total",
        "Changes of endpoints that left the routes alone.",
        figures.endpoint_updates.times
    );
    page.counter(
        "files_parsed_total", "Manifest files parsed for their content.", figures.files_parsed
    );
    page.begin("bytes_published_total", "counter", "Bytes of segments handed to the proxy.");
    const auto& bytes = figures.bytes_published;
    page.sample(R"({segment="routes"})", std::to_string(bytes[0]));
    page.sample(R"({segment="endpoints"})", std::to_string(bytes[1]));
    add_durations(page, figures);
    page.gauge(
        "running_generation",
        "The generation that all workers of the proxy run; 0 until then.",
        figures.running_generation
    );
    page.gauge(
        "proxy_connected",
        "Whether there is a connection to the proxy.",
        figures.proxy_connected ? 1 : 0
    );
    return page.take();
}

}  // namespace sluice::loop
