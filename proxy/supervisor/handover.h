// A table's way through the pod: controller → steward (verifies) → workers → answer (design 10.2).
// Keeps the last good set, so that whoever starts anew gets it at once.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proxy/supervisor/child.h"
#include "table/channel.h"

namespace sluice::supervisor {

// Descriptors of one whole table.
struct TableSet {
    uint64_t generation = 0;
    table::Digests digests{};
    std::array<table::Descriptor, table::kSegments> descriptors;
};

// Published, not yet verified. Holds descriptors of what changes only.
struct Candidate {
    TableSet set;
    bool sent = false;     // the steward has it
    bool retried = false;  // a steward died over it once
    int64_t deadline_ms = 0;
};

// What a worker was told and said.
struct Delivery {
    table::Digests known{};
    uint64_t sent = 0;     // generation
    uint64_t running = 0;  // generation
    bool answered = true;  // what was sent
    std::optional<int64_t> again_at_ms;
};

class Handover {
public:
    // Both are referred to for as long as this lives; workers neither move nor become more.
    Handover(const Settings& settings, Child& steward, std::vector<Child>& workers);

    // A new controller takes the place of the one before and is greeted.
    void connected(table::Descriptor controller, int64_t now_ms);
    int controller() const { return controller_.get(); }  // -1: none

    // Their descriptor is readable: takes all there is.
    void read_controller(int64_t now_ms);
    void read_steward(int64_t now_ms);
    void read_worker(size_t index, int64_t now_ms);

    void steward_started(int64_t now_ms);
    void steward_died(int64_t now_ms);
    void worker_started(size_t index, int64_t now_ms);
    void worker_died(size_t index);

    void tick(int64_t now_ms);           // what is due
    std::optional<int64_t> due() const;  // when tick() has something to do
    void drain();                        // tells the workers to finish

private:
    void take_publish(table::Received received, int64_t now_ms);
    void send_candidate(int64_t now_ms);
    void promote(int64_t now_ms);
    void refuse_candidate(Reason reason, const std::string& why);
    void greet();
    void deliver(size_t index, int64_t now_ms);
    void take_worker_answer(size_t index, const table::Message& answer, int64_t now_ms);
    void report_running();
    void report_late();
    void answer(const table::Message& message);
    void refuse(uint64_t generation, Reason reason, const std::string& why);

    const Settings& settings_;
    Child& steward_;
    std::vector<Child>& workers_;
    std::vector<Delivery> deliveries_;  // by worker
    table::Descriptor controller_;
    bool greeting_owed_ = false;
    TableSet good_;
    int64_t good_since_ms_ = 0;
    uint64_t highest_ = 0;  // generation ever taken
    std::optional<Candidate> candidate_;
    bool running_reported_ = false;  // of the good set, to this controller
    bool late_reported_ = false;
};

}  // namespace sluice::supervisor
