// The worker's end of the hand-over: tables in, running out, drain (design 10.2).
#pragma once

#include <cstdint>
#include <functional>

#include "proxy/exchange/services.h"
#include "proxy/net/poller.h"
#include "proxy/net/task.h"
#include "proxy/upstream/pool.h"

namespace sluice::table {
struct Received;
}

namespace sluice::worker {

class TablesChannel {
public:
    // `on_drain` is called once, from the loop.
    TablesChannel(
        exchange::Services& services,
        net::Poller& poller,
        upstream::Pool& pool,
        uint32_t worker,
        std::function<void()> on_drain
    );
    // `fd`: non-blocking SOCK_SEQPACKET to the supervisor.
    void start(int fd);
    bool closed() const { return closed_; }  // the supervisor is gone, and so is our reason to live
    net::FramePool& frames() { return services_.frames(); }

private:
    net::Detached receive_loop();
    bool take_one();
    Reason apply(const table::Received& received);
    void swap_slots(const std::vector<live::Slot>& retired);

    exchange::Services& services_;
    upstream::Pool& pool_;
    net::Poller& poller_;
    net::Socket socket_;
    net::Waiter waiter_;
    uint32_t worker_;
    std::function<void()> on_drain_;
    bool closed_ = false;
};

}  // namespace sluice::worker
