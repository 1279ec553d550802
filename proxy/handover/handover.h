// A table's way through the pod: controller → steward (verifies) → workers → answer (design 10.2).
// Keeps the last good set, so that whoever starts anew gets it at once, and says in the pod's
// record how it stands.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proxy/handover/process.h"
#include "proxy/handover/table_set.h"
#include "proxy/live/layout.h"
#include "table/channel.h"

namespace sluice::handover {

// How long things may take; tests shorten them.
struct Clocks {
    int64_t late_ms = 5'000;       // until a worker that does not answer is reported
    int64_t verify_ms = 10'000;    // until a steward that does not answer is killed
    int64_t redeliver_ms = 1'000;  // until a worker that refused a table gets it again
    int64_t restore_ms = 2'000;    // from the first steward's start until a controller is greeted
                                   // although no steward has said what it restored
};

struct Settings {
    std::string build;      // version, for hello
    bool restores = false;  // the steward keeps a copy, and says at start what it found
    Clocks clocks;
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

// The workers, by index; they neither move nor become more.
using Workers = std::vector<std::reference_wrapper<Process>>;

class Handover {
public:
    // All are referred to for as long as this lives. Of `pod` this writes what concerns
    // controllers and generations.
    Handover(const Settings& settings, Process& steward, Workers workers, live::PodRecord& pod);

    // Somebody knocks at the listening socket: a new controller takes the place of the one before
    // and is greeted. Where it cannot be taken in, nobody is for a while: the knocking would go on.
    void accept(int listener, int64_t now_ms);
    bool accepts() const { return !accept_again_ms_; }
    int controller() const { return controller_.get(); }  // -1: none

    // Their descriptor is readable: takes all there is.
    void read_controller(int64_t now_ms);
    void read_steward(int64_t now_ms);
    void read_worker(size_t index, int64_t now_ms);

    void steward_started(int64_t now_ms);
    void steward_died(int64_t now_ms);
    void worker_started(size_t index, int64_t now_ms);
    void worker_died(size_t index, int64_t now_ms);

    // Whether the worker's new requests go by the good set; while there is none, by any.
    bool runs_good(size_t index) const { return deliveries_[index].running == good_.generation; }
    // Whether they go by any set at all.
    bool runs_any(size_t index) const { return deliveries_[index].running != 0; }

    void tick(int64_t now_ms);           // what is due
    std::optional<int64_t> due() const;  // when tick() has something to do
    void drain();                        // tells the workers to finish

private:
    void hang_up();
    void take_publish(table::Received received, int64_t now_ms);
    void send_candidate(int64_t now_ms);
    void take_steward_answer(table::Received received, int64_t now_ms);
    void promote(table::Received answer, int64_t now_ms);
    void restore(table::Received restored, int64_t now_ms);
    void spread(int64_t now_ms);
    void refuse_candidate(Reason reason, const std::string& why);
    bool may_greet() const;
    void greet(int64_t now_ms);
    void deliver(size_t index, int64_t now_ms);
    void take_worker_answer(size_t index, const table::Message& answer, int64_t now_ms);
    bool all_run() const;
    void report_running(int64_t now_ms);
    bool late_is_owed() const;
    void report_late();
    void answer(const table::Message& message);
    void refuse(uint64_t generation, Reason reason, const std::string& why);
    void count_refusal(Reason reason);

    const Settings& settings_;
    Process& steward_;
    Workers workers_;
    live::PodRecord& pod_;
    std::vector<Delivery> deliveries_;  // by worker
    table::Descriptor controller_;
    bool greeting_owed_ = false;
    bool restore_awaited_;                // nobody has said yet what the copy holds …
    std::optional<int64_t> restore_due_;  // … and until when that is waited for
    std::optional<int64_t> accept_again_ms_;
    TableSet good_;
    int64_t good_since_ms_ = 0;  // or since this controller came
    uint64_t highest_ = 0;       // generation ever taken
    std::optional<Candidate> candidate_;
    bool running_reported_ = false;  // of the good set, to this controller
    bool late_reported_ = false;
};

}  // namespace sluice::handover
