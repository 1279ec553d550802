// Families of one (rule, backend) and of one endpoint.
#include <iterator>

#include "proxy/steward/metrics.h"
#include "proxy/steward/tallies.h"
#include "table/reason.h"

namespace sluice::steward {
namespace {

// "2xx"; "none" when no answer was sent.
std::string_view class_text(const live::Outcome& outcome) {
    static constexpr std::string_view kTexts[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    if (outcome.reason == live::kOtherReason) return "other";
    return outcome.status_class < std::size(kTexts) ? kTexts[outcome.status_class] : "other";
}

std::string_view reason_label(const live::Outcome& outcome) {
    if (outcome.reason == live::kOtherReason) return "other";
    return reason_text(static_cast<Reason>(outcome.reason));
}

void add_requests(const Scrape& scrape, uint32_t slot, Exposition& out) {
    const SlotLabels labels = counter_labels(scrape.sources.mapping, slot);
    if (labels.first.empty()) return;
    for (const live::Outcome& outcome : live::sum(scrape.sources.mapping, slot).outcomes) {
        out.add(
            {{"rule", labels.first},
             {"backend", labels.second},
             {"code", class_text(outcome)},
             {"reason", reason_label(outcome)}},
            static_cast<double>(outcome.count)
        );
    }
}

template <auto sum_ns, auto bucket>
void add_histogram(const Scrape& scrape, uint32_t slot, Exposition& out) {
    const SlotLabels labels = counter_labels(scrape.sources.mapping, slot);
    if (labels.first.empty()) return;
    const live::HistogramSum sum = sum_of(scrape.sources.mapping, slot, sum_ns, bucket);
    out.add({{"rule", labels.first}, {"backend", labels.second}}, sum);
}

template <auto what>
void add_count(const Scrape& scrape, uint32_t slot, Exposition& out) {
    const SlotLabels labels = counter_labels(scrape.sources.mapping, slot);
    if (labels.first.empty()) return;
    const auto value = static_cast<double>(what(scrape.sources.mapping, slot));
    out.add({{"rule", labels.first}, {"backend", labels.second}}, value);
}

template <auto what>
uint64_t count_of(const live::Mapping& mapping, live::Slot slot) {
    return sum_of(mapping, slot, what);
}

template <auto what>
void add_endpoint(const Scrape& scrape, uint32_t slot, Exposition& out) {
    const SlotLabels labels = endpoint_labels(scrape.sources.mapping, slot);
    if (labels.first.empty() && labels.second.empty()) return;
    const auto value = static_cast<double>(what(scrape.sources.mapping, slot));
    out.add({{"endpoint", labels.first}, {"address", labels.second}}, value);
}

}  // namespace

std::vector<MetricFamily> slot_families() {
    constexpr FamilyType counter = FamilyType::counter;
    constexpr FamilyType gauge = FamilyType::gauge;
    constexpr FamilyType histogram = FamilyType::histogram;
    using live::Buckets;
    using live::Counter;
    return {
        {"sluice_requests_total",
         "Requests that ended, by class of the status that the client was sent and by reason.",
         counter,
         Per::slot,
         add_requests},
        {"sluice_request_duration_seconds",
         "From a request's head to the end of its answer.",
         histogram,
         Per::slot,
         add_histogram<&Counter::duration_ns, &Buckets::duration>},
        {"sluice_first_byte_seconds",
         "From a request's head to the first byte of its answer.",
         histogram,
         Per::slot,
         add_histogram<&Counter::first_byte_ns, &Buckets::first_byte>},
        {"sluice_requests_in_flight",
         "Requests that have begun and not ended.",
         gauge,
         Per::slot,
         add_count<requests_in_flight>},
        {"sluice_request_body_bytes_total",
         "Bytes of request bodies that were forwarded.",
         counter,
         Per::slot,
         add_count<count_of<&Counter::bytes_in>>},
        {"sluice_response_body_bytes_total",
         "Bytes of response bodies that clients were sent.",
         counter,
         Per::slot,
         add_count<count_of<&Counter::bytes_out>>},
        {"sluice_retries_total",
         "Tries behind the first one of a request.",
         counter,
         Per::slot,
         add_count<count_of<&Counter::retries>>},
        {"sluice_endpoint_requests_in_flight",
         "Requests that an endpoint holds, of all workers.",
         gauge,
         Per::endpoint,
         add_endpoint<endpoint_in_flight>},
        {"sluice_endpoint_failures_total",
         "Tries that failed at an endpoint.",
         counter,
         Per::endpoint,
         add_endpoint<endpoint_failures>},
    };
}

}  // namespace sluice::steward
