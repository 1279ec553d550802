// Orders over the open connections, made when they are needed: pressure is rare.
#include "proxy/worker/reclaim.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace sluice::worker {

namespace {

using exchange::H1Downstream;

}  // namespace

size_t close_idle(ClientConnections& connections, int64_t before_ns, size_t most) {
    std::vector<std::pair<int64_t, H1Downstream*>> idle;
    connections.visit([&](H1Downstream& client) {
        const int64_t since = client.idle_since_ns();
        if (client.idle() && since < before_ns) idle.emplace_back(since, &client);
    });
    const size_t count = std::min(most, idle.size());
    std::partial_sort(idle.begin(), idle.begin() + static_cast<ptrdiff_t>(count), idle.end());
    for (size_t i = 0; i < count; ++i) idle[i].second->dismiss(Reason::idle_reclaimed);
    return count;
}

size_t reset_largest(
    ClientConnections& connections, net::Poller& poller, const std::function<bool()>& enough
) {
    if (enough()) return 0;
    std::vector<std::pair<size_t, H1Downstream*>> holders;
    connections.visit([&](H1Downstream& client) {
        if (client.held() > 0) holders.emplace_back(client.held(), &client);
    });
    std::make_heap(holders.begin(), holders.end());
    size_t reset = 0;
    while (!holders.empty()) {
        std::pop_heap(holders.begin(), holders.end());
        holders.back().second->reclaim();
        holders.pop_back();
        // Its blocks come back when the batch is over, and it is.
        poller.reclaim();
        ++reset;
        if (enough()) break;
    }
    return reset;
}

}  // namespace sluice::worker
