// One client connection: head after head, an exchange for each, and a close that lets the client
// read what it was sent; where the listener speaks it, a PROXY header before all that, whole as
// soon after the accept as a request head after its first byte. Clocks that belong to the
// connection (request head, idle) run here.
#pragma once

#include "proxy/exchange/h1_downstream.h"
#include "proxy/exchange/services.h"
#include "proxy/net/task.h"

namespace sluice::exchange {

inline constexpr int64_t kClientIdleNs = 75'000'000'000;  // between requests
// A client that is silent for so long has read; one that only drips meanwhile is not waited for.
inline constexpr int64_t kLingerPauseNs = 2'000'000'000;
inline constexpr int64_t kLingerNs = 30'000'000'000;  // a client may talk on after its last answer
inline constexpr uint32_t kTurns = 32;  // pipelined exchanges before others get their turn

// Who is told when a connection is over: closes the descriptor, keeps the object until the event
// batch is done.
class ConnectionOwner {
public:
    virtual ~ConnectionOwner() = default;
    // A PROXY header has named the client. False: it has too many connections, and the owner has
    // said so where it is due; this one is over.
    virtual bool admit(const net::Address& client) = 0;
    virtual void over() = 0;
};

// Starts at once and runs until the connection is over.
net::Detached serve(Services& services, H1Downstream& client, ConnectionOwner& owner);

}  // namespace sluice::exchange
