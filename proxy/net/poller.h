// The reactor: edge-triggered epoll. A socket is added once, for all events, and never modified.
// What an event says becomes bits of its source, which may resume a coroutine; a socket closed
// inside a batch stays in memory until the batch is over, because later events of the batch may
// still name it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <sys/epoll.h>

#include "proxy/net/socket.h"

namespace sluice::net {

class Poller {
public:
    Poller();
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    // `socket` must stay where it is until it was closed and the batch is over. Bits start empty
    // except writable when `writable` (an accepted connection); the first edge brings the rest.
    // False: out of memory or watches.
    bool add(Socket& socket, bool writable);
    // Closes the descriptor; the Socket object may be reused only through `reclaim` callbacks or
    // after the batch.
    void close(Socket& socket);
    // No more events of it; it stays open and may be added again.
    void leave(Socket& socket);
    // For a descriptor that other processes hold too: closing alone would not end its events.
    void leave_and_close(Socket& socket);

    // One wait (`timeout_ms` -1 = for ever), then its batch, so that the loop can read the clock in
    // between.
    void wait(int timeout_ms);
    void dispatch();

    // Called after every batch for each object given to retire().
    struct Retired {
        void (*reclaim)(void* object);
        void* object;
    };
    void retire(void* object, void (*with)(void* object)) { retired_.push_back({with, object}); }
    void reclaim();

private:
    static constexpr size_t kBatch = 256;

    void set_bits();
    void tell_waiters();

    int fd_;
    int ready_ = 0;
    std::array<epoll_event, kBatch> events_;
    std::vector<Retired> retired_;
};

}  // namespace sluice::net
