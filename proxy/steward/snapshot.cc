// The head, then slots, then endpoints, in parts.
#include "proxy/steward/snapshot.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "proxy/steward/json_writer.h"
#include "proxy/steward/tallies.h"
#include "table/reason.h"

namespace sluice::steward {
namespace {

constexpr size_t kEntriesPerPart = 128;
constexpr auto kRelaxed = std::memory_order_relaxed;

std::string hex(const live::Identity& identity) {
    std::array<char, 40> digits;
    const int length = std::snprintf(
        digits.data(),
        digits.size(),
        "%016llx%016llx",
        static_cast<unsigned long long>(identity.high),
        static_cast<unsigned long long>(identity.low)
    );
    return {digits.data(), static_cast<size_t>(length)};
}

// "other" and "none" are the places that several share.
std::string counter_name(const live::Mapping& mapping, live::Slot slot) {
    if (slot == live::kOtherSlot) return "other";
    if (slot == live::kUnroutedSlot) return "none";
    return hex(mapping.counter_slots()[slot].identity);
}

void write_histogram(JsonWriter& json, std::string_view name, const live::HistogramSum& sum) {
    json.key(name).open('[');
    for (const uint64_t bucket : sum.buckets) json.number(bucket);
    json.number(sum.sum_ns).close(']');
}

void write_slot(JsonWriter& json, const live::Mapping& mapping, live::Slot slot) {
    const live::CounterSum sum = live::sum(mapping, slot);
    json.open('{').field("id", counter_name(mapping, slot)).key("ended").open('[');
    for (const live::Outcome& outcome : sum.outcomes) {
        const bool other = outcome.reason == live::kOtherReason;
        json.open('[')
            .text(other ? "other" : reason_text(static_cast<Reason>(outcome.reason)))
            .number(other ? 0 : outcome.status_class)
            .number(outcome.count)
            .close(']');
    }
    json.close(']').field("in_flight", sum.in_flight);
    write_histogram(json, "duration", sum.duration);
    write_histogram(json, "first_byte", sum.first_byte);
    json.field("bytes_in", sum.bytes_in).field("bytes_out", sum.bytes_out);
    json.field("retries", sum.retries).close('}');
}

void write_endpoint(JsonWriter& json, const live::Mapping& mapping, live::Slot slot) {
    const bool other = slot == live::kOtherSlot;
    json.open('{')
        .field("id", other ? "other" : hex(mapping.load_slots()[slot].identity))
        .field("in_flight", endpoint_in_flight(mapping, slot))
        .field("failures", endpoint_failures(mapping, slot))
        .close('}');
}

void write_workers(JsonWriter& json, const live::Mapping& mapping) {
    json.key("workers").open('[');
    for (uint32_t i = 0; i < mapping.sizes().workers; ++i) {
        const live::WorkerRecord& worker = mapping.worker(i);
        json.open('{')
            .field("up", worker.running.load(kRelaxed))
            .field("generation", worker.generation.load(kRelaxed))
            .field("connections", worker.connections.load(kRelaxed))
            .close('}');
    }
    json.close(']');
}

class Page {
public:
    explicit Page(const Sources& sources) : scrape_(sources) {}

    bool next(std::string& out) {
        const live::Mapping& mapping = scrape_.sources.mapping;
        // A part begins with the comma that the one before did not know to write.
        switch (stage_) {
            case Stage::head:
                write_head(out);
                stage_ = Stage::slots;
                return true;
            case Stage::slots:
                if (write_part(out, scrape_.slots, [&](JsonWriter& json, live::Slot slot) {
                        write_slot(json, mapping, slot);
                    })) {
                    return true;
                }
                out += "],\"endpoints\":[";
                stage_ = Stage::endpoints;
                return true;
            case Stage::endpoints:
                if (write_part(out, scrape_.endpoints, [&](JsonWriter& json, live::Slot slot) {
                        write_endpoint(json, mapping, slot);
                    })) {
                    return true;
                }
                out += "]}\n";
                break;
        }
        return false;
    }

private:
    enum class Stage { head, slots, endpoints };

    void write_head(std::string& out) const {
        const live::Mapping& mapping = scrape_.sources.mapping;
        JsonWriter json(out);
        json.open('{')
            .field("version", kSnapshotVersion)
            .field("build", scrape_.sources.build)
            .field("generation", scrape_.table->generation)
            .field("time_ns", static_cast<uint64_t>(scrape_.now_ns))
            .field("started_ns", mapping.pod().started_ns.load(kRelaxed))
            .field("draining", mapping.pod().draining.load(kRelaxed));
        json.key("bounds_ns").open('[');
        for (const int64_t bound : live::kBounds) json.number(static_cast<uint64_t>(bound));
        json.close(']');
        write_workers(json, mapping);
        json.key("slots").open('[');
    }

    // False: all of these are written.
    template <class Write>
    bool write_part(std::string& out, const std::vector<live::Slot>& slots, Write write) {
        if (place_ == slots.size()) {
            place_ = 0;
            return false;
        }
        const size_t end = std::min(place_ + kEntriesPerPart, slots.size());
        if (place_ != 0) out += ',';
        JsonWriter json(out);
        for (; place_ < end; ++place_) write(json, slots[place_]);
        return true;
    }

    Scrape scrape_;
    Stage stage_ = Stage::head;
    size_t place_ = 0;
};

}  // namespace

Response snapshot_page(const Sources& sources) {
    Response response{.type = "application/json"};
    const auto page = std::make_shared<Page>(sources);
    response.pieces = [page](std::string& out) { return page->next(out); };
    return response;
}

}  // namespace sluice::steward
