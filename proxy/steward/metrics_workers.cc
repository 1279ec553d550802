// Families of one worker, and of each process of the pod.
#include <algorithm>
#include <iterator>
#include <string>

#include "proxy/steward/metrics.h"
#include "proxy/steward/process_stats.h"
#include "table/reason.h"

namespace sluice::steward {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// One word of a worker's record.
template <auto what>
void add_word(const Scrape& scrape, uint32_t worker, Exposition& out) {
    const live::WorkerRecord& record = scrape.sources.mapping.worker(worker);
    out.add(
        {{"worker", std::to_string(worker)}}, static_cast<double>((record.*what).load(kRelaxed))
    );
}

void add_adopted(const Scrape& scrape, uint32_t worker, Exposition& out) {
    const bool adopted = scrape.sources.mapping.worker(worker).adopted_by.load(kRelaxed) != 0;
    out.add({{"worker", std::to_string(worker)}}, adopted ? 1 : 0);
}

void add_closed(const Scrape& scrape, uint32_t worker, Exposition& out) {
    const live::WorkerRecord& record = scrape.sources.mapping.worker(worker);
    for (size_t i = 0; i < static_cast<size_t>(Reason::kCount); ++i) {
        const uint64_t ended = record.ended[i].load(kRelaxed);
        if (ended == 0) continue;
        const std::string_view reason = reason_text(static_cast<Reason>(i));
        out.add(
            {{"worker", std::to_string(worker)}, {"reason", reason}}, static_cast<double>(ended)
        );
    }
}
static_assert(static_cast<size_t>(Reason::kCount) <= live::kReasonCells);

// The steps of the overload ladder, by the reason code of what each does.
constexpr Reason kStepReasons[] = {
    Reason::ok,
    Reason::memory_shrunk,
    Reason::idle_reclaimed,
    Reason::overloaded,
    Reason::memory_reclaimed,
    Reason::accept_paused,
};
static_assert(std::size(kStepReasons) == live::kPressureSteps);

void add_steps(const Scrape& scrape, uint32_t worker, Exposition& out) {
    const live::WorkerRecord& record = scrape.sources.mapping.worker(worker);
    for (size_t i = 1; i < std::size(kStepReasons); ++i) {
        out.add(
            {{"worker", std::to_string(worker)}, {"step", reason_text(kStepReasons[i])}},
            static_cast<double>(record.pressure_steps[i].load(kRelaxed))
        );
    }
}

struct Process {
    uint32_t pid = 0;
    std::string name;
};

Process process_of(const live::Mapping& mapping, uint32_t unit) {
    const uint32_t workers = mapping.sizes().workers;
    if (unit < workers) {
        return {mapping.worker(unit).pid.load(kRelaxed), "worker-" + std::to_string(unit)};
    }
    if (unit == workers) return {mapping.pod().steward_pid.load(kRelaxed), "steward"};
    return {mapping.pod().supervisor_pid.load(kRelaxed), "supervisor"};
}

// A dead worker's number may be another process's by now, but not another child's of our
// supervisor under the same record.
template <auto what>
void add_process(const Scrape& scrape, uint32_t unit, Exposition& out) {
    const live::Mapping& mapping = scrape.sources.mapping;
    const Process process = process_of(mapping, unit);
    const auto stats = process_stats(process.pid);
    if (!stats) return;
    const uint32_t supervisor = mapping.pod().supervisor_pid.load(kRelaxed);
    if (process.pid != supervisor && stats->parent != supervisor) return;
    out.add({{"process", process.name}}, static_cast<double>((*stats).*what));
}

std::vector<MetricFamily> process_families() {
    return {
        {"process_cpu_seconds_total",
         "User and system CPU time.",
         FamilyType::counter,
         Per::process,
         add_process<&ProcessStats::cpu_seconds>},
        {"process_resident_memory_bytes",
         "Memory in RAM; what processes share counts in each.",
         FamilyType::gauge,
         Per::process,
         add_process<&ProcessStats::resident_bytes>},
        {"process_virtual_memory_bytes",
         "Address space; most of it is never touched.",
         FamilyType::gauge,
         Per::process,
         add_process<&ProcessStats::virtual_bytes>},
        {"process_start_time_seconds",
         "When the process started, in seconds since the epoch.",
         FamilyType::gauge,
         Per::process,
         add_process<&ProcessStats::start_seconds>},
    };
}

// What became of it, and of what it said.
std::vector<MetricFamily> fate_families() {
    constexpr FamilyType counter = FamilyType::counter;
    constexpr Per per = Per::worker;
    using Record = live::WorkerRecord;
    return {
        {"sluice_worker_starts_total",
         "Times that the worker was started.",
         counter,
         per,
         add_word<&Record::starts>},
        {"sluice_worker_deaths_total",
         "Times that the worker died.",
         counter,
         per,
         add_word<&Record::deaths>},
        {"sluice_worker_stuck_total",
         "Times that its heartbeats stopped.",
         counter,
         per,
         add_word<&Record::stuck>},
        {"sluice_exchanges_lost_total",
         "Requests that died with the worker.",
         counter,
         per,
         add_word<&Record::lost>},
        {"sluice_access_log_records_total",
         "Records that it gave to the access log.",
         counter,
         per,
         add_word<&Record::log_written>},
        {"sluice_access_log_dropped_total",
         "Records that found the ring to the access log full.",
         counter,
         per,
         add_word<&Record::log_dropped>},
    };
}

std::vector<MetricFamily> pressure_families() {
    constexpr FamilyType gauge = FamilyType::gauge;
    constexpr Per per = Per::worker;
    using Record = live::WorkerRecord;
    return {
        {"sluice_worker_pressure_level",
         "Step of the overload ladder: 0 none, 1 shrink, 2 close, 3 refuse, 4 reclaim, 5 stop.",
         gauge,
         per,
         add_word<&Record::pressure>},
        {"sluice_worker_pressure_steps_total",
         "Times that a step of the overload ladder was entered, by the reason of what it does.",
         FamilyType::counter,
         per,
         add_steps},
        {"sluice_worker_memory_bytes",
         "Memory that is the worker's alone, at its last look.",
         gauge,
         per,
         add_word<&Record::memory>},
        {"sluice_worker_memory_limit_bytes",
         "Its share of the pod's memory limit; 0: there is none.",
         gauge,
         per,
         add_word<&Record::memory_limit>},
    };
}

}  // namespace

std::vector<MetricFamily> worker_families() {
    constexpr FamilyType counter = FamilyType::counter;
    constexpr FamilyType gauge = FamilyType::gauge;
    constexpr Per per = Per::worker;
    using Record = live::WorkerRecord;
    std::vector<MetricFamily> families{
        {"sluice_worker_up",
         "1: alive, heard from, and takes new requests by a table.",
         gauge,
         per,
         add_word<&Record::running>},
        {"sluice_worker_adopted", "1: a sibling accepts on its sockets.", gauge, per, add_adopted},
        {"sluice_worker_generation",
         "The newest table that its new requests go by.",
         gauge,
         per,
         add_word<&Record::generation>},
        {"sluice_worker_generations_mapped",
         "Generations of routes that it holds; old ones until their requests have an answer.",
         gauge,
         per,
         add_word<&Record::mapped>},
        {"sluice_worker_generations_mapped_max",
         "The most generations of routes that it held since it started.",
         gauge,
         per,
         add_word<&Record::mapped_most>},
        {"sluice_worker_connections",
         "Client connections that are open.",
         gauge,
         per,
         add_word<&Record::connections>},
        {"sluice_worker_upstream_connections",
         "Connections to endpoints that are open, idle ones too.",
         gauge,
         per,
         add_word<&Record::upstreams>},
        {"sluice_connections_accepted_total",
         "Client connections that were accepted.",
         counter,
         per,
         add_word<&Record::accepted>},
        {"sluice_connections_closed_total",
         "Client connections that ended, by reason.",
         counter,
         per,
         add_closed},
        {"sluice_upstream_dials_total",
         "Connections to endpoints that were opened.",
         counter,
         per,
         add_word<&Record::dialed>},
    };
    for (auto* const part : {fate_families, pressure_families, process_families}) {
        std::vector<MetricFamily> some = part();
        std::move(some.begin(), some.end(), std::back_inserter(families));
    }
    return families;
}

}  // namespace sluice::steward
