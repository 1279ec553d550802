// Families of the pod: the table, the hand-over, the access log, the slots.
#include <algorithm>
#include <iterator>
#include <span>

#include "proxy/steward/metrics.h"
#include "proxy/steward/tallies.h"
#include "table/reason.h"

namespace sluice::steward {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

template <auto what>
void add_pod(const Scrape& scrape, uint32_t, Exposition& out) {
    out.add({}, static_cast<double>((scrape.sources.mapping.pod().*what).load(kRelaxed)));
}

template <auto what>
void add_log(const Scrape& scrape, uint32_t, Exposition& out) {
    out.add({}, static_cast<double>((scrape.sources.log.*what).load(kRelaxed)));
}

// One number of the routes segment; none without a table.
template <auto what>
void add_routes(const Scrape& scrape, uint32_t, Exposition& out) {
    if (scrape.table->routes) {
        out.add({}, static_cast<double>((scrape.table->routes->view.*what)().size()));
    }
}

void add_endpoints(const Scrape& scrape, uint32_t, Exposition& out) {
    if (!scrape.table->endpoints) return;
    out.add({}, static_cast<double>(scrape.table->endpoints->view.endpoints().size()));
}

void add_bytes(const Scrape& scrape, uint32_t, Exposition& out) {
    const Table& table = *scrape.table;
    if (table.routes) {
        const auto bytes = table.routes->mapping.bytes().size();
        out.add({{"segment", "routes"}}, static_cast<double>(bytes));
    }
    if (table.endpoints) {
        const auto bytes = table.endpoints->mapping.bytes().size();
        out.add({{"segment", "endpoints"}}, static_cast<double>(bytes));
    }
}

void add_generation(const Scrape& scrape, uint32_t, Exposition& out) {
    out.add({}, static_cast<double>(scrape.table->generation));
}

void add_age(const Scrape& scrape, uint32_t, Exposition& out) {
    if (scrape.table->since_ns == 0) return;
    const int64_t age = std::max<int64_t>(scrape.now_ns - scrape.table->since_ns, 0);
    out.add({}, static_cast<double>(age) / 1e9);
}

void add_refused(const Scrape& scrape, uint32_t, Exposition& out) {
    const live::PodRecord& pod = scrape.sources.mapping.pod();
    for (size_t i = 0; i < static_cast<size_t>(Reason::kCount); ++i) {
        const uint64_t refused = pod.refusals[i].load(kRelaxed);
        if (refused == 0) continue;
        const std::string_view reason = reason_text(static_cast<Reason>(i));
        out.add({{"reason", reason}}, static_cast<double>(refused));
    }
}

void add_lost_dropped(const Scrape& scrape, uint32_t, Exposition& out) {
    const uint64_t dropped = scrape.sources.mapping.lost_ring().dropped.load(kRelaxed);
    out.add({}, static_cast<double>(dropped));
}

void add_running(const Scrape& scrape, uint32_t, Exposition& out) {
    const uint64_t since_ns = scrape.sources.mapping.pod().running_since_ns.load(kRelaxed);
    out.add({}, since_ns != 0 ? 1 : 0);
}

void add_steward_starts(const Scrape& scrape, uint32_t, Exposition& out) {
    const uint32_t starts = scrape.sources.mapping.pod().steward_starts.load(kRelaxed);
    out.add({}, static_cast<double>(starts));
}

void add_slots(const Scrape& scrape, uint32_t, Exposition& out) {
    const live::Mapping& mapping = scrape.sources.mapping;
    const SlotUse rules = slot_use(mapping.counter_slots());
    const SlotUse endpoints = slot_use(mapping.load_slots());
    const auto add = [&](std::string_view kind, std::string_view state, uint64_t count) {
        out.add({{"kind", kind}, {"state", state}}, static_cast<double>(count));
    };
    add("rule", "bound", rules.bound);
    add("rule", "retired", rules.retired);
    add("endpoint", "bound", endpoints.bound);
    add("endpoint", "retired", endpoints.retired);
}

// What of the running table shares slot 0 because all are taken.
void add_other(const Scrape& scrape, uint32_t, Exposition& out) {
    const auto count = [](std::span<const live::Slot> slots) {
        return static_cast<double>(std::count(slots.begin(), slots.end(), live::kOtherSlot));
    };
    const Table& table = *scrape.table;
    if (table.routes) {  // a binding begins with the rules' places
        const std::span<const live::Slot> slots = table.routes->slots;
        out.add({{"kind", "rule"}}, count(slots.subspan(table.routes->view.rules().size())));
    }
    if (table.endpoints) out.add({{"kind", "endpoint"}}, count(table.endpoints->slots));
}

void add_build(const Scrape& scrape, uint32_t, Exposition& out) {
    out.add({{"version", scrape.sources.build}}, 1);
}

std::vector<MetricFamily> handover_families() {
    constexpr FamilyType counter = FamilyType::counter;
    constexpr FamilyType gauge = FamilyType::gauge;
    using live::PodRecord;
    return {
        {"sluice_generations_published_total",
         "Tables that were taken from a controller.",
         counter,
         Per::once,
         add_pod<&PodRecord::published>},
        {"sluice_generations_refused_total",
         "Tables that were refused, by reason.",
         counter,
         Per::once,
         add_refused},
        {"sluice_generations_late_total",
         "Tables that a worker did not run in time.",
         counter,
         Per::once,
         add_pod<&PodRecord::late>},
        {"sluice_controller_connected",
         "1: a controller holds the hand-over's socket.",
         gauge,
         Per::once,
         add_pod<&PodRecord::controller>},
        {"sluice_pod_draining",
         "1: the pod is being stopped; with --drain-wait it serves new connections for a while.",
         gauge,
         Per::once,
         add_pod<&PodRecord::draining>},
        {"sluice_table_running",
         "1: every living worker takes new requests by the last good table.",
         gauge,
         Per::once,
         add_running},
        {"sluice_steward_starts_total",
         "Times that the steward was started.",
         counter,
         Per::once,
         add_steward_starts},
    };
}

std::vector<MetricFamily> log_families() {
    constexpr FamilyType counter = FamilyType::counter;
    return {
        {"sluice_access_log_lines_written_total",
         "Lines that the sink took.",
         counter,
         Per::once,
         add_log<&LogTally::written>},
        {"sluice_access_log_refused_total",
         "Lines that the sink did not take.",
         counter,
         Per::once,
         add_log<&LogTally::refused>},
        {"sluice_access_log_bytes_total",
         "Bytes that the sink took.",
         counter,
         Per::once,
         add_log<&LogTally::bytes>},
        {"sluice_access_log_lost_exchanges_total",
         "Lines about exchanges that died with their worker.",
         counter,
         Per::once,
         add_log<&LogTally::lost>},
        {"sluice_access_log_lost_exchanges_dropped_total",
         "Exchanges that died with their worker and found no room to wait for the log.",
         counter,
         Per::once,
         add_lost_dropped},
    };
}

}  // namespace

std::vector<MetricFamily> pod_families() {
    constexpr FamilyType gauge = FamilyType::gauge;
    constexpr Per once = Per::once;
    using View = table::RoutesView;
    std::vector<MetricFamily> families{
        {"sluice_table_generation", "The table that was verified last.", gauge, once, add_generation
        },
        {"sluice_table_age_seconds", "Since that table runs.", gauge, once, add_age},
        {"sluice_table_hosts", "Hosts of the table.", gauge, once, add_routes<&View::hosts>},
        {"sluice_table_routes",
         "Paths with conditions that lead to rules.",
         gauge,
         once,
         add_routes<&View::matches>},
        {"sluice_table_rules", "Rules of the table.", gauge, once, add_routes<&View::rules>},
        {"sluice_table_backends",
         "Backends of the table.",
         gauge,
         once,
         add_routes<&View::backends>},
        {"sluice_table_endpoints", "Endpoints that may be picked.", gauge, once, add_endpoints},
        {"sluice_table_bytes", "Bytes of the table, by segment.", gauge, once, add_bytes},
        {"sluice_slots",
         "Places for numbers of a (rule, backend) or an endpoint, by state.",
         gauge,
         once,
         add_slots},
        {"sluice_slots_other",
         "Of the table, what shares the place \"other\" because all are taken.",
         gauge,
         once,
         add_other},
        {"sluice_build_info", "1; the version is a label.", gauge, once, add_build},
    };
    for (auto* const part : {handover_families, log_families}) {
        std::vector<MetricFamily> some = part();
        std::move(some.begin(), some.end(), std::back_inserter(families));
    }
    return families;
}

}  // namespace sluice::steward
