// HTTP/1.1 for the admin pages: GET and HEAD, no bodies, keep-alive, on listeners that were handed
// over. One thread runs it; between two pieces of a long answer it serves others. Bounded by
// table/limits.h: connections of one listener, bytes of a head, time for a head and for a piece of
// an answer.
#pragma once

#include <functional>
#include <memory>

#include "proxy/steward/page.h"
#include "proxy/steward/steward.h"

namespace sluice::steward {

class AdminServer {
public:
    // The descriptors stay open and the caller's. Throws what the system refuses.
    AdminServer(const AdminSettings& settings, Handler handler);
    ~AdminServer();
    AdminServer(const AdminServer&) = delete;
    AdminServer& operator=(const AdminServer&) = delete;

    // Calls `tick` once a second from run(). Before run().
    void every_second(std::function<void()> tick);
    void run();   // until stop()
    void stop();  // any thread

private:
    class Core;
    std::unique_ptr<Core> core_;
};

}  // namespace sluice::steward
