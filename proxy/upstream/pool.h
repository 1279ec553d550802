// Connections to endpoints: idle ones last in, first out per endpoint, closed after an idle time or
// when their endpoint leaves the table. One worker's; slots are live/'s load slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/net/blocks.h"
#include "proxy/net/poller.h"
#include "proxy/upstream/h1_upstream.h"
#include "table/limits.h"

namespace sluice::upstream {

// Peers close idle connections at 5 s and more (Node's default is 5); ours go first (design 10.11).
inline constexpr int64_t kIdleNs = 4'000'000'000;

class Pool final : public Upstreams {
public:
    Pool(net::Poller& poller, net::BlockPool& blocks, const int64_t& now)
        : poller_(poller), blocks_(blocks), now_(now) {}
    ~Pool() override;
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Slot 0 stands for many endpoints (live::kOtherSlot): its connections are never kept.
    Upstream* lease(uint32_t slot, const net::Address& address, Failure& failure) override;
    void give_back(Upstream& upstream, bool reusable) override;

    void retire(uint32_t slot
    );  // its endpoint is gone: close what idles there, keep nothing from now on
    void revive(uint32_t slot);  // the slot is in use (again)
    void sweep();                // closes what has idled for kIdleNs
    // At most so many idle ones per endpoint from now on.
    void limit_idle(size_t most) { most_idle_ = most; }
    // Closes idle ones above that limit, oldest first, and frees the memory of closed ones.
    void shed();

    size_t idle() const { return idle_; }
    size_t open() const { return open_; }      // idle and leased
    size_t opened() const { return opened_; }  // connects ever started

private:
    struct SlotList {
        H1Upstream* newest = nullptr;
        uint32_t count = 0;
        bool retired = false;
    };

    SlotList& list_of(uint32_t slot);
    H1Upstream* pop(SlotList& list);
    void push(H1Upstream& upstream);
    void unlink(H1Upstream& upstream);
    void close(H1Upstream& upstream);
    H1Upstream* take_object();
    static void reclaim(void* object);

    net::Poller& poller_;
    net::BlockPool& blocks_;
    const int64_t& now_;
    std::vector<SlotList> slots_;
    std::vector<H1Upstream*> free_;
    H1Upstream* oldest_ = nullptr;
    H1Upstream* newest_ = nullptr;
    size_t most_idle_ = limits::kIdleUpstreamsPerEndpoint;
    size_t idle_ = 0;
    size_t open_ = 0;
    size_t opened_ = 0;
};

}  // namespace sluice::upstream
