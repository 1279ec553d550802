// The steward's HTTP server, in a thread of its own: /livez, /readyz[?verbose], /metrics and
// /snapshot for everybody who reaches the port; /explain on the unix socket or with the token
// (design 10.15). A scrape holds up neither verification nor the log.
#pragma once

#include <memory>
#include <string>

#include "proxy/live/mapping.h"
#include "proxy/steward/access_log.h"
#include "proxy/steward/current.h"
#include "proxy/steward/steward.h"

namespace sluice::steward {

class Admin {
public:
    // Starts the thread. All referred to outlive this. Throws std::system_error when the system
    // gives no thread or descriptor.
    Admin(
        const AdminSettings& settings,
        const std::string& build,
        const live::Mapping& mapping,
        const Current& current,
        const LogTally& log
    );
    ~Admin();  // ends the thread
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

private:
    class Thread;
    std::unique_ptr<Thread> thread_;
};

}  // namespace sluice::steward
