// The worker's client connections: accepting on its own listening sockets and on those of siblings
// that cannot, but not too many of one source; their objects from a free list, and waking the idle
// ones when the worker drains.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "proxy/exchange/server.h"
#include "proxy/net/blocks.h"
#include "proxy/net/poller.h"
#include "proxy/worker/sources.h"
#include "table/limits.h"

namespace sluice::worker {

class ClientConnections {
public:
    // `most`: open connections at once; more wait in the listen queue. `per_source`: those of one
    // client address that is no trusted hop; more are reset.
    ClientConnections(
        exchange::Services& services,
        net::Poller& poller,
        net::BlockPool& blocks,
        size_t most = limits::kConnections,
        size_t per_source = limits::kConnectionsPerSource
    );
    ~ClientConnections();
    ClientConnections(const ClientConnections&) = delete;
    ClientConnections& operator=(const ClientConnections&) = delete;

    // A listening socket of `worker`, non-blocking; nothing is accepted on it before adopt(worker).
    // It stays open as long as this object, or until stop_accepting(). `proxied`: clients send a
    // PROXY header first.
    void offer(uint32_t worker, int fd, bool proxied = false);
    // Starts to accept on the sockets that were offered for this worker, whoever waits there
    // included: for our own index at start, for a sibling's on the message adopt. Again, or after
    // stop_accepting(), or for a worker without sockets: nothing happens.
    void adopt(uint32_t worker);
    // Accepts no more on them, on the message release; they stay open and may be adopted again. Who
    // was accepted is served to the end.
    void release(uint32_t worker);
    void stop_accepting();
    // Accepts whoever waits already, and no more. Idle connections close at once, unless a request
    // came on them meanwhile; others with their next answer.
    void drain();
    size_t open() const { return open_; }
    // Every open connection, in no order; it may end while it is visited.
    void visit(const std::function<void(exchange::H1Downstream&)>& visitor);
    // Frees the memory of those that are closed.
    void shed();
    uint64_t accepted() const { return accepted_; }
    net::FramePool& frames() { return services_.frames(); }

private:
    struct Listener;
    struct Client;

    net::Detached accept_loop(Listener& listener);
    net::Wake accept_batch(Listener& listener);
    void start(int fd, const net::Address& peer, const Listener& listener);
    bool admit(Client& client, const net::Address& peer);
    void refused(const net::Address& peer);
    void over(Client& client);
    static void reclaim(void* object);

    exchange::Services& services_;
    net::Poller& poller_;
    net::BlockPool& blocks_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::unique_ptr<Client>> clients_;  // all ever made
    std::vector<Client*> free_;
    Sources sources_;
    int64_t silent_until_ = 0;  // the log has had a refused source
    size_t most_;
    size_t open_ = 0;
    uint64_t accepted_ = 0;
};

}  // namespace sluice::worker
