// What went wrong on a stream, as a value: which side, which reason, and the evidence from which
// exchange/error decides whether another try is lawful (design 10.10, 10.11).
#pragma once

#include <cstdint>

#include "table/reason.h"

namespace sluice::upstream {

enum class Side : uint8_t { client, gateway, upstream };

struct Failure {
    Side side = Side::gateway;
    Reason reason = Reason::ok;
    Reason broken_rule = Reason::ok;  // of upstream_garbage: what the gate said of the answer
    bool never_connected = false;     // connect failed: no byte can have left
    bool never_arrived = false;       // the peer had closed before: nothing was acknowledged
    bool answered = false;            // at least one response byte came
    explicit operator bool() const { return reason != Reason::ok; }
};

}  // namespace sluice::upstream
