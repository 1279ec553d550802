// Heartbeats of the workers, and which sibling accepts for one that is dead or stuck (design 2).
// Time is the supervisor's own ticks: a machine that was paused declares nobody stuck.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proxy/handover/handover.h"
#include "proxy/live/mapping.h"
#include "proxy/supervisor/child.h"

namespace sluice::supervisor {

class Watch {
public:
    // All are referred to for as long as this lives. Writes the second half of the workers' records
    // but for what concerns their deaths.
    Watch(
        const Clocks& clocks,
        const live::Mapping& live,
        std::vector<Child>& workers,
        const handover::Handover& handover
    );

    void started(size_t index);
    void died(size_t index);

    // Looks at the beats if a tick is due; kills who has been stuck for too long.
    void look(int64_t now_ms);
    int64_t due() const { return next_ms_; }

    // After anything happened: has siblings accept for those who cannot, and leave when they can
    // again.
    void settle();

private:
    struct Heart {
        uint64_t beat = 0;           // as last seen
        uint32_t silent = 0;         // ticks since it grew
        bool heard = false;          // since its start
        bool stuck = false;          // alive, and silent for too long
        bool away = false;           // was dead or stuck, and does not serve again yet
        std::optional<size_t> host;  // the sibling that accepts on its sockets
    };

    void listen_to(size_t index);
    void declare_stuck(size_t index);
    bool serves_again(size_t index) const;
    bool is_well(size_t index) const;
    std::optional<size_t> host_for(size_t index) const;
    bool tell(size_t to, table::MessageKind kind, size_t about) const;
    void set_host(size_t index, std::optional<size_t> host);
    void adopt(size_t index);
    void give_back(size_t index);

    const Clocks& clocks_;
    const live::Mapping& live_;
    std::vector<Child>& workers_;
    const handover::Handover& handover_;
    std::vector<Heart> hearts_;
    int64_t next_ms_ = 0;
};

}  // namespace sluice::supervisor
