// The simulator's counters, and their text under the names that vLLM uses.
#include "modelsim/metrics.h"

#include <algorithm>
#include <cstdio>

namespace sluice::modelsim {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr int64_t kNsPerMs = 1'000'000;

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

class Page {
public:
    explicit Page(std::string_view model) : labels_("model_name=\"" + std::string(model) + "\"") {}

    void head(std::string_view name, std::string_view type) {
        text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    }
    void sample(std::string_view name, std::string_view labels, double value) {
        text_.append(name).append("{").append(labels).append("} ");
        text_.append(number(value)).append("\n");
    }
    void gauge(std::string_view name, double value) {
        head(name, "gauge");
        sample(name, labels_, value);
    }
    void counter(std::string_view name, uint64_t value) {
        head(name, "counter");
        sample(name, labels_, static_cast<double>(value));
    }
    void histogram(std::string_view name, const Histogram& histogram) {
        head(name, "histogram");
        histogram.append(text_, name, labels_);
    }
    const std::string& labels() const { return labels_; }
    std::string take() { return std::move(text_); }

private:
    std::string labels_;
    std::string text_;
};

}  // namespace

void Histogram::observe_ns(int64_t value_ns) {
    const auto above = [value_ns](int bound_ms) { return value_ns <= bound_ms * kNsPerMs; };
    const auto bucket = std::find_if(kBoundsMs.begin(), kBoundsMs.end(), above);
    ++counts_[static_cast<size_t>(bucket - kBoundsMs.begin())];
    sum_ns_ += value_ns;
}

void Histogram::append(std::string& out, std::string_view name, std::string_view labels) const {
    const auto line = [&](std::string_view suffix, const std::string& more, const std::string& value
                      ) {
        out.append(name).append(suffix).append("{").append(labels).append(more).append("} ");
        out.append(value).append("\n");
    };
    uint64_t total = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
        total += counts_[i];
        const std::string bound = i < kBoundsMs.size() ? number(kBoundsMs[i] / 1000.0) : "+Inf";
        line("_bucket", ",le=\"" + bound + "\"", std::to_string(total));
    }
    line("_sum", "", number(static_cast<double>(sum_ns_) / kNsPerSecond));
    line("_count", "", std::to_string(total));
}

std::string metrics_text(const Metrics& metrics, Load load, std::string_view model) {
    constexpr double kCacheTokens = double{Metrics::kBlockTokens} * Metrics::kBlocks;
    Page page(model);
    page.gauge("vllm:num_requests_running", static_cast<double>(load.running));
    page.gauge("vllm:num_requests_waiting", static_cast<double>(load.waiting));
    page.gauge(
        "vllm:kv_cache_usage_perc",
        std::min(1.0, static_cast<double>(metrics.held_tokens) / kCacheTokens)
    );
    page.head("vllm:cache_config_info", "gauge");
    page.sample(
        "vllm:cache_config_info",
        "block_size=\"" + std::to_string(Metrics::kBlockTokens) + "\",num_gpu_blocks=\"" +
            std::to_string(Metrics::kBlocks) + "\"",
        1
    );
    page.counter("vllm:prompt_tokens_total", metrics.prompt_tokens);
    page.counter("vllm:generation_tokens_total", metrics.generation_tokens);
    page.head("vllm:request_success_total", "counter");
    for (const auto& [reason, count] :
         {std::pair{"stop", metrics.finished_stop}, std::pair{"length", metrics.finished_length}}) {
        const std::string labels = page.labels() + ",finished_reason=\"" + reason + "\"";
        page.sample("vllm:request_success_total", labels, static_cast<double>(count));
    }
    page.histogram("vllm:time_to_first_token_seconds", metrics.first_token);
    page.histogram("vllm:inter_token_latency_seconds", metrics.inter_token);
    page.histogram("vllm:request_queue_time_seconds", metrics.queue_time);
    page.histogram("vllm:e2e_request_latency_seconds", metrics.whole_request);
    page.counter("sim_requests_total", metrics.requests);
    page.counter("sim_cancelled_total", metrics.cancelled);
    page.counter("sim_faults_total", metrics.faults);
    page.counter("sim_connections_total", metrics.connections);
    return page.take();
}

}  // namespace sluice::modelsim
