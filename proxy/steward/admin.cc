// The thread, and which page a request gets.
#include "proxy/steward/admin.h"

#include <csignal>
#include <thread>

#include <sys/prctl.h>

#include "proxy/steward/access.h"
#include "proxy/steward/admin_server.h"
#include "proxy/steward/explain.h"
#include "proxy/steward/health.h"
#include "proxy/steward/metrics.h"
#include "proxy/steward/snapshot.h"

namespace sluice::steward {

class Admin::Thread {
public:
    Thread(const AdminSettings& settings, const Sources& sources)
        : sources_(sources),
          token_file_(settings.token_file),
          pulse_(sources.mapping),
          explainer_(sources.mapping, sources.current),
          server_(settings, [this](const Request& request) { return answer(request); }) {
        server_.every_second([this] { pulse_.tick(); });
        // Signals are the main thread's: a new thread inherits that they are blocked here.
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread([this] {
            ::prctl(PR_SET_NAME, "steward-admin");
            server_.run();
        });
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    ~Thread() {
        server_.stop();
        thread_.join();
    }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

private:
    Response answer(const Request& request) {
        if (request.path == "/livez") return livez(pulse_);
        if (request.path == "/readyz") {
            const bool verbose = request.query == "verbose" || request.query == "verbose=true";
            return readyz(sources_.mapping, *sources_.current.get(), verbose);
        }
        if (request.path == "/metrics") return metrics_page(sources_);
        if (request.path == "/snapshot") return snapshot_page(sources_);
        if (request.path == "/explain") {
            auto refused = refuse_stranger(request, token_file_);
            return refused ? std::move(*refused) : explainer_.answer(request.query);
        }
        return refusal(
            404, "no_page", "the pages are /livez, /readyz, /metrics, /snapshot and /explain"
        );
    }

    const Sources sources_;
    const std::string token_file_;
    Pulse pulse_;
    Explainer explainer_;
    AdminServer server_;
    std::thread thread_;
};

Admin::Admin(
    const AdminSettings& settings,
    const std::string& build,
    const live::Mapping& mapping,
    const Current& current,
    const LogTally& log
)
    : thread_(std::make_unique<Thread>(settings, Sources{build, mapping, current, log})) {}

Admin::~Admin() = default;

}  // namespace sluice::steward
