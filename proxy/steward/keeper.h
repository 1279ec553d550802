// A publish's way through the steward: verified, bound to slots, shown to the other threads,
// answered, copied to the state directory (design 10.3). After a refusal everything is as before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/steward/binder.h"
#include "proxy/steward/current.h"
#include "proxy/steward/verifier.h"
#include "table/channel.h"

namespace sluice::steward {

// A message with the descriptors that go with it, owned.
struct Answer {
    table::Message message;
    std::vector<table::Descriptor> descriptors;  // one per set bit of message.segments
};

class Keeper {
public:
    // `state`: directory of the last good copy, "" = none is kept.
    Keeper(const live::Mapping& mapping, Current& current, std::string state);

    // running with the slots of what changed, or refused with reason and message. The answer goes
    // out before catch_up().
    Answer publish(
        const table::Message& message, const std::vector<table::Descriptor>& fds, int64_t now_ns
    );
    // What no worker needs to wait for: the copy of what was published, and memory of tables that
    // were replaced. Does nothing when there is nothing to do.
    void catch_up();
    // The last good copy, verified and bound: restored, with all its segments. Empty when there is
    // none, or it is no good (standard error says why).
    std::optional<Answer> restore(int64_t now_ns);
    // Frees slots that rested long enough, and the table that was replaced last. Every few seconds.
    void sweep(int64_t now_ns);

private:
    bool bind(const table::Message& publish, Verified verified, int64_t now_ns, Answer& answer);
    bool add_slots(
        table::Segment segment, const std::vector<uint32_t>& slots, uint64_t digest, Answer& answer
    );
    void go_on(const table::Digests& before, int64_t now_ns);
    void copy();

    Verifier verifier_;
    Binder binder_;
    Current& current_;
    std::string state_;
    uint8_t owed_ = 0;  // segments whose copy is older than the table that runs
    // Whoever lets go of a table last frees its pages, which takes milliseconds. That must not be a
    // worker in a loop turn: a replaced table stays until the next one is replaced, or a sweep.
    std::shared_ptr<const Table> replaced_;
    std::shared_ptr<const Table> replaced_before_;
};

}  // namespace sluice::steward
