// A publish's way through the steward: verified, bound to slots, copied to the state directory,
// shown to the other threads, answered (design 10.3). After a refusal everything is as before.
#pragma once

#include <cstdint>
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

    // running with the slots of what changed, or refused with reason and message.
    Answer publish(
        const table::Message& message, const std::vector<table::Descriptor>& fds, int64_t now_ns
    );
    // The last good copy, verified and bound: restored, with all its segments. Empty when there is
    // none, or it is no good (standard error says why).
    std::optional<Answer> restore(int64_t now_ns);
    // Frees slots that rested long enough.
    void sweep(int64_t now_ns) { binder_.sweep(now_ns); }

private:
    bool bind(const table::Message& publish, Verified verified, int64_t now_ns, Answer& answer);
    bool add_slots(
        table::Segment segment, const std::vector<uint32_t>& slots, uint64_t digest, Answer& answer
    );
    void go_on(const table::Digests& before, int64_t now_ns);
    void copy(const table::Message& publish);

    Verifier verifier_;
    Binder binder_;
    Current& current_;
    std::string state_;
    uint8_t owed_ = 0;  // segments whose copy is older than the table that runs
};

}  // namespace sluice::steward
