// Non-blocking connects and accepts: descriptors in, addresses out. No resolver: addresses come
// from the table.
#pragma once

#include "proxy/net/address.h"

namespace sluice::net {

struct Dialed {
    int fd = -1;    // -1: failed at once
    int error = 0;  // errno of that failure (EMFILE, EADDRNOTAVAIL, ECONNREFUSED …)
};
// Starts a connect with TCP_NODELAY; writability tells its end, connect_error() its outcome.
Dialed dial(const Address& to);

struct Accepted {
    int fd = -1;
    int error = 0;  // EAGAIN: nobody waits; EMFILE, ENFILE: out of descriptors
    Address peer;
};
Accepted accept_one(int listener);

// Our side of an accepted connection (for the port the client reached).
Address local_address(int fd);

}  // namespace sluice::net
