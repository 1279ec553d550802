// sluice-proxy: one program in three roles. People start the supervisor; the supervisor starts the
// steward and the workers.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include <sys/prctl.h>

#include "proxy/steward/steward.h"
#include "proxy/supervisor/supervisor.h"
#include "proxy/worker/worker.h"
#include "table/limits.h"

namespace {

using namespace sluice;

constexpr int64_t kMsPerSecond = 1'000;
constexpr int64_t kLongestGraceS = 24 * 3'600;

void add_supervisor(CLI::App& app, supervisor::Settings& settings, int64_t& grace_s) {
    app.add_option("--listen", settings.listen, "ADDRESS:PORT for clients (repeatable)")
        ->type_name("ADDRESS:PORT");
    app.add_option("--socket", settings.control_path, "where the controller connects to")
        ->type_name("PATH");
    app.add_option("--workers", settings.workers, "processes that serve clients")
        ->check(CLI::Range(size_t{1}, limits::kWorkers))
        ->capture_default_str();
    app.add_option("--grace", grace_s, "seconds from SIGTERM until open requests are cut")
        ->check(CLI::Range(int64_t{0}, kLongestGraceS))
        ->capture_default_str();
    app.footer(
        "SIGTERM or SIGINT drains: no new connections, open requests end, then it exits with 0.\n"
        "A second signal ends it at once. \"listening ADDRESS:PORT\" goes to standard output once\n"
        "an address is bound; port 0 takes a free one.\n\n"
        "  sluice-proxy --listen 127.0.0.1:8080 --socket /run/sluice/control"
    );
}

CLI::App* add_steward(CLI::App& app, steward::Settings& settings) {
    CLI::App* role = app.add_subcommand("steward", "started by the supervisor")->group("");
    role->add_option("--channel", settings.channel)->required();
    return role;
}

CLI::App* add_worker(CLI::App& app, worker::Settings& settings) {
    CLI::App* role = app.add_subcommand("worker", "started by the supervisor")->group("");
    role->add_option("--index", settings.index)->required();
    role->add_option("--channel", settings.channel)->required();
    role->add_option("--listener", settings.listeners);
    return role;
}

int missing(const char* flag, const char* remedy) {
    std::fprintf(stderr, "sluice-proxy: %s is missing: %s\n", flag, remedy);
    return 2;
}

int supervise(supervisor::Settings& settings, int64_t grace_s) {
    if (settings.listen.empty()) return missing("--listen", "add --listen 127.0.0.1:8080");
    if (settings.control_path.empty()) {
        return missing("--socket", "add --socket PATH, the same as the controller's");
    }
    settings.program = "/proc/self/exe";
    settings.build = SLUICE_VERSION;
    settings.clocks.grace_ms = grace_s * kMsPerSecond;
    return supervisor::run(settings);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Sluice's data plane: serves clients by the tables that the controller hands over."
    );
    app.name("sluice-proxy");
    app.set_version_flag("--version", "sluice-proxy " SLUICE_VERSION);
    supervisor::Settings supervisor;
    steward::Settings steward;
    worker::Settings worker;
    int64_t grace_s = supervisor.clocks.grace_ms / kMsPerSecond;
    add_supervisor(app, supervisor, grace_s);
    const CLI::App* const as_steward = add_steward(app, steward);
    const CLI::App* const as_worker = add_worker(app, worker);
    app.require_subcommand(0, 1);
    CLI11_PARSE(app, argc, argv);

    // The name that `ps` and `top` show; the program itself is /proc/self/exe.
    if (*as_steward) {
        ::prctl(PR_SET_NAME, "sluice-steward");
        return steward::run(steward);
    }
    if (*as_worker) {
        ::prctl(PR_SET_NAME, "sluice-worker");
        return worker::run(worker);
    }
    return supervise(supervisor, grace_s);
}
