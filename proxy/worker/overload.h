// The worker's watch over its memory: reads how much is in use, climbs the ladder (ladder.h) and
// does what each step asks for. Requests only load services.pressure.
#pragma once

#include <cstdint>

#include "proxy/exchange/services.h"
#include "proxy/net/blocks.h"
#include "proxy/net/poller.h"
#include "proxy/upstream/pool.h"
#include "proxy/worker/budget.h"
#include "proxy/worker/connections.h"
#include "proxy/worker/ladder.h"
#include "proxy/worker/memory_reader.h"

namespace sluice::worker {

class Overload final : private net::BlockAlarm {
public:
    struct Parts {
        exchange::Services& services;
        net::BlockPool& blocks;
        net::Poller& poller;
        upstream::Pool& pool;
        ClientConnections& connections;
        live::WorkerRecord& record;
        const MemorySource& memory;
    };

    // `index`: whose sentences they are. The parts outlive it; it watches the blocks from now on.
    Overload(const MemoryBudget& budget, const Parts& parts, uint32_t index);

    // Reads the kernel's numbers, goes up or down, makes room. Between event batches only: it frees
    // objects that events may name.
    void look();
    // At each heartbeat: the next after_batch() looks.
    void look_soon() { due_ = true; }
    // After each batch of events; two loads and compares unless there is something to do.
    void after_batch() {
        if (due_) look();
        if (parts_.services.pressure.at(exchange::Step::reclaim)) reclaim();
    }

private:
    void blocks_grew() override;

    void read();
    uint64_t share() const;
    void go(exchange::Step step);
    void set_alarm();
    void admit();
    uint64_t room_below(uint64_t mark) const;
    void make_room();
    void reclaim();
    void refresh_container();
    void tell();

    const MemoryBudget budget_;
    const Parts parts_;
    const uint32_t index_;
    // As read at the last look; what blocks took since is added to it.
    uint64_t own_ = 0;
    uint64_t container_ = 0;
    size_t blocks_then_ = 0;
    size_t of_one_ = 0;  // bytes that an exchange holds, of late
    bool due_ = false;
    exchange::Step told_ = exchange::Step::none;
    int64_t told_ns_;
};

}  // namespace sluice::worker
