// The /metrics page: every family of docs/metrics.md, out of the shared mapping alone. Reading it
// costs workers nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proxy/live/mapping.h"
#include "proxy/steward/access_log.h"
#include "proxy/steward/current.h"
#include "proxy/steward/exposition.h"
#include "proxy/steward/page.h"

namespace sluice::steward {

// All outlive the pages made of them.
struct Sources {
    const std::string& build;
    const live::Mapping& mapping;
    const Current& current;
    const LogTally& log;
};

Response metrics_page(const Sources& sources);

// What a family has a sample (or several) of.
enum class Per { slot, endpoint, worker, process, once };

// One page being written: what it was begun with.
struct Scrape {
    explicit Scrape(const Sources& from);

    Sources sources;
    std::vector<live::Slot> slots;      // (rule, backend) with something to show
    std::vector<live::Slot> endpoints;  // load slots
    std::shared_ptr<const Table> table;
    int64_t now_ns = 0;
};

struct MetricFamily {
    const char* name;
    const char* help;
    FamilyType type;
    Per per;
    // Adds the samples of one unit: a slot, an endpoint's slot, a worker's index, or 0.
    void (*add)(const Scrape& scrape, uint32_t unit, Exposition& out);
};

// In the order of the page: metrics_slots.cc, metrics_workers.cc, metrics_pod.cc.
std::vector<MetricFamily> slot_families();
std::vector<MetricFamily> worker_families();
std::vector<MetricFamily> pod_families();
std::vector<MetricFamily> all_families();

}  // namespace sluice::steward
