// Which connections give their memory back under pressure, and in which order.
#pragma once

#include <cstddef>
#include <functional>

#include "proxy/net/poller.h"
#include "proxy/worker/connections.h"

namespace sluice::worker {

// Closes so many of the connections that have waited for a request since `before_ns`, whoever has
// waited longest first. One on which a request has come meanwhile serves it. Returns how many.
size_t close_idle(ClientConnections& connections, int64_t before_ns, size_t most);

// Resets connections one at a time, whoever holds most bytes first, until `enough` says so or
// nobody holds any; after each one its blocks lie in the free lists. Called between event batches
// only. Returns how many.
size_t reset_largest(
    ClientConnections& connections, net::Poller& poller, const std::function<bool()>& enough
);

}  // namespace sluice::worker
