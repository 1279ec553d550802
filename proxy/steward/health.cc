// Checks over the mapping's records.
#include "proxy/steward/health.h"

#include <algorithm>
#include <string>

namespace sluice::steward {
namespace {

uint64_t read(const live::Count& count) {
    return count.load(std::memory_order_relaxed);
}

uint32_t read(const live::Word& word) {
    return word.load(std::memory_order_relaxed);
}

struct Check {
    std::string name;
    std::string failed;  // why; "" = it has not
};

Check check_table(const Table& table) {
    if (table.routes && table.endpoints) return {"table", ""};
    return {"table", "no table yet: is the controller running and does it reach --socket?"};
}

Check check_draining(const live::PodRecord& pod) {
    return {"draining", read(pod.draining) != 0 ? "the pod is being stopped" : ""};
}

std::vector<Check> check_workers(const live::Mapping& mapping) {
    std::vector<Check> checks;
    for (uint32_t i = 0; i < mapping.sizes().workers; ++i) {
        const live::WorkerRecord& worker = mapping.worker(i);
        Check check{"worker-" + std::to_string(i), ""};
        if (read(worker.running) == 0) {
            check.failed = "it takes no requests";
            if (const uint32_t sibling = read(worker.adopted_by); sibling != 0) {
                check.failed += "; worker-" + std::to_string(sibling - 1) + " accepts for it";
            }
        }
        checks.push_back(std::move(check));
    }
    return checks;
}

void append(std::string& out, const Check& check) {
    out += check.failed.empty() ? "[+]" + check.name + " ok\n"
                                : "[-]" + check.name + " failed: " + check.failed + "\n";
}

}  // namespace

Pulse::Pulse(const live::Mapping& mapping) : mapping_(mapping), beats_(mapping.sizes().workers) {}

void Pulse::tick() {
    bool moved = false;
    for (uint32_t i = 0; i < beats_.size(); ++i) {
        const uint64_t beat = read(mapping_.worker(i).beat);
        moved = moved || beat != beats_[i];
        beats_[i] = beat;
    }
    silent_ = moved ? 0 : std::min(silent_ + 1, kPatienceTicks);
}

Response livez(const Pulse& pulse) {
    if (pulse.is_alive()) return {.body = "ok\n"};
    return {.status = 503, .body = "no worker has been alive for 30 s; restart the container\n"};
}

Response readyz(const live::Mapping& mapping, const Table& table, bool verbose) {
    const std::vector<Check> workers = check_workers(mapping);
    const bool any = std::any_of(workers.begin(), workers.end(), [](const Check& check) {
        return check.failed.empty();
    });
    const Check checks[] = {
        check_table(table),
        check_draining(mapping.pod()),
        {"workers", any ? "" : "none takes requests by a table"},
    };
    const bool ready = std::all_of(std::begin(checks), std::end(checks), [](const Check& check) {
        return check.failed.empty();
    });
    if (ready && !verbose) return {.body = "ok\n"};
    Response response{.status = ready ? 200U : 503U};
    for (const Check& check : checks) append(response.body, check);
    for (const Check& worker : workers) append(response.body, worker);
    response.body += ready ? "readyz check passed\n" : "readyz check failed\n";
    return response;
}

}  // namespace sluice::steward
