// The worker's end of the hand-over: tables in, running out, drain, and whose sockets to accept on
// (design 10.2).
#pragma once

#include <array>
#include <cstdint>

#include "proxy/exchange/services.h"
#include "proxy/net/poller.h"
#include "proxy/net/task.h"
#include "proxy/upstream/pool.h"
#include "table/channel.h"

namespace sluice::worker {

// What the supervisor asks of a worker besides tables; called from the loop.
class Orders {
public:
    virtual void drain() = 0;
    virtual void adopt(uint32_t worker) = 0;    // accept on its sockets too …
    virtual void release(uint32_t worker) = 0;  // … and no more

protected:
    ~Orders() = default;
};

class TablesChannel {
public:
    TablesChannel(
        exchange::Services& services,
        net::Poller& poller,
        upstream::Pool& pool,
        live::WorkerRecord& record,
        uint32_t worker,
        Orders& orders
    );
    // `fd`: non-blocking SOCK_SEQPACKET to the supervisor.
    void start(int fd);
    bool closed() const { return closed_; }  // the supervisor is gone, and so is our reason to live
    net::FramePool& frames() { return services_.frames(); }

private:
    net::Detached receive_loop();
    bool take_one();
    void hold_places();
    void obey(const table::Message& message);
    void take_tables(const table::Received& received);
    Reason apply(const table::Received& received);
    void swap_slots(const std::vector<live::Slot>& retired);

    exchange::Services& services_;
    upstream::Pool& pool_;
    net::Poller& poller_;
    live::WorkerRecord& record_;
    net::Socket socket_;
    net::Waiter waiter_;
    uint32_t worker_;
    Orders& orders_;
    // Places for the descriptors that come with a table. Without them a worker whose clients have
    // taken all could read no message of its supervisor any more.
    std::array<table::Descriptor, table::kSegments> places_;
    bool closed_ = false;
};

}  // namespace sluice::worker
