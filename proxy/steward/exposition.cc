// Our numbers as prometheus-cpp's metrics, and its text.
#include "proxy/steward/exposition.h"

#include <cstdint>
#include <limits>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "proxy/steward/utf8.h"

namespace sluice::steward {
namespace {

constexpr double kNsPerSecond = 1e9;

prometheus::MetricType type_of(FamilyType type) {
    switch (type) {
        case FamilyType::counter:
            return prometheus::MetricType::Counter;
        case FamilyType::gauge:
            return prometheus::MetricType::Gauge;
        case FamilyType::histogram:
            break;
    }
    return prometheus::MetricType::Histogram;
}

std::string as_utf8(std::string_view text) {
    std::string clean;
    clean.reserve(text.size());
    while (!text.empty()) {
        const size_t size = first_character(text).size;
        if (size == 0) {
            clean += '?';
        } else {
            clean += text.substr(0, size);
        }
        text.remove_prefix(size == 0 ? 1 : size);
    }
    return clean;
}

}  // namespace

struct Exposition::Family {
    prometheus::MetricFamily metrics;

    prometheus::ClientMetric& next(Labels labels) {
        prometheus::ClientMetric& metric = metrics.metric.emplace_back();
        for (const auto& [name, value] : labels) metric.label.push_back({name, as_utf8(value)});
        return metric;
    }
};

Exposition::Exposition(const char* name, const char* help, FamilyType type)
    : family_(std::make_unique<Family>()) {
    family_->metrics.name = name;
    family_->metrics.help = help;
    family_->metrics.type = type_of(type);
}

Exposition::~Exposition() = default;

void Exposition::add(Labels labels, double value) {
    prometheus::ClientMetric& metric = family_->next(labels);
    if (family_->metrics.type == prometheus::MetricType::Counter) {
        metric.counter.value = value;
    } else {
        metric.gauge.value = value;
    }
}

void Exposition::add(Labels labels, const live::HistogramSum& sum) {
    prometheus::ClientMetric::Histogram& histogram = family_->next(labels).histogram;
    uint64_t cumulative = 0;
    for (size_t i = 0; i < sum.buckets.size(); ++i) {
        cumulative += sum.buckets[i];
        const double bound = i < live::kBounds.size()
                                 ? static_cast<double>(live::kBounds[i]) / kNsPerSecond
                                 : std::numeric_limits<double>::infinity();
        histogram.bucket.push_back({cumulative, bound});
    }
    histogram.sample_count = cumulative;
    histogram.sample_sum = static_cast<double>(sum.sum_ns) / kNsPerSecond;
}

void Exposition::append_to(std::string& out, bool first) const {
    std::string text = prometheus::TextSerializer().Serialize({family_->metrics});
    size_t begin = 0;
    // The serializer begins each call with the comments: "# HELP …", "# TYPE …".
    while (!first && text.compare(begin, 2, "# ") == 0) begin = text.find('\n', begin) + 1;
    out.append(text, begin);
}

}  // namespace sluice::steward
