// sluice-proxy: one program in three roles. People start the supervisor; the supervisor starts the
// steward and the workers.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "proxy/confine/confine.h"
#include "proxy/options/options.h"
#include "proxy/steward/steward.h"
#include "proxy/supervisor/supervisor.h"
#include "proxy/worker/worker.h"

namespace {

using namespace sluice;

// What the supervisor says to a worker beyond its settings.
struct WorkerWords {
    worker::Settings settings;
    int first_listener = -1;
    int listeners = 0;
    bool no_log = false;
};

CLI::App* add_steward(CLI::App& app, steward::Settings& settings) {
    CLI::App* role = app.add_subcommand("steward", "started by the supervisor")->group("");
    role->add_option("--channel", settings.channel)->required();
    role->add_option("--live", settings.live)->required();
    role->add_option("--log-wake", settings.log_wake)->required();
    role->add_option("--state", settings.state);
    role->add_option("--log", settings.log.sink);
    role->add_option("--log-header", settings.log.headers);
    role->add_option("--admin", settings.admin.listeners);
    role->add_option("--admin-socket", settings.admin.socket);
    role->add_option("--token-file", settings.admin.token_file);
    settings.build = SLUICE_VERSION;
    return role;
}

CLI::App* add_worker(CLI::App& app, WorkerWords& words) {
    CLI::App* role = app.add_subcommand("worker", "started by the supervisor")->group("");
    worker::Settings& settings = words.settings;
    role->add_option("--index", settings.index)->required();
    role->add_option("--channel", settings.channel)->required();
    role->add_option("--live", settings.live)->required();
    role->add_option("--log-wake", settings.log_wake)->required();
    role->add_option("--first-listener", words.first_listener)->required();
    role->add_option("--listeners", words.listeners)->required();
    role->add_option("--listeners-per-worker", settings.listeners_per_worker)->required();
    role->add_option("--proxy-listener", settings.proxy_listeners);
    role->add_option("--trusted-hop", settings.trusted);
    role->add_option("--per-source", settings.connections_per_source);
    role->add_option("--head-timeout", settings.head_timeout_s);
    role->add_option("--min-rate", settings.client_min_rate);
    role->add_option("--memory-cgroup-limit", settings.memory.cgroup_limit);
    role->add_option("--memory-share", settings.memory.share);
    role->add_option("--memory-cgroup", settings.memory.cgroup);
    role->add_option("--memory-workers", settings.memory.workers);
    role->add_flag("--no-log", words.no_log);
    role->add_option("--log-sample", settings.log_sample);
    role->add_option("--log-header", settings.log_headers);
    return role;
}

int supervise(const options::Options& options) {
    const auto settings = options::settings_of(options, SLUICE_VERSION);
    if (settings) return supervisor::run(*settings);
    std::fprintf(stderr, "sluice-proxy: %s\n", settings.error().c_str());
    return 2;
}

// The name is what `ps` and `top` show; the program itself is /proc/self/exe. A kernel without
// system call filters is no reason not to serve.
void become(const char* name, const tl::expected<void, std::string>& confined) {
    ::prctl(PR_SET_NAME, name);
    if (confined) return;
    std::fprintf(stderr, "sluice-proxy: %s runs unconfined: %s\n", name, confined.error().c_str());
}

int serve_as_worker(WorkerWords& words) {
    become("sluice-worker", confine::worker());
    worker::Settings& settings = words.settings;
    for (int i = 0; i < words.listeners; ++i) {
        settings.listeners.push_back(words.first_listener + i);
    }
    settings.log = !words.no_log;
    return worker::run(settings);
}

int serve_as_steward(const steward::Settings& settings) {
    become("sluice-steward", confine::steward());
    return steward::run(settings);
}

// A closed standard stream's number would be the next socket's, and people's text would go there.
// What stands in its place refuses, as the C library has it for set-user-ID programs.
void hold_standard_numbers() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        const int against = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", against);
    }
}

}  // namespace

int main(int argc, char** argv) {
    hold_standard_numbers();
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Sluice's data plane: serves clients by the tables that the controller hands over."
    );
    app.name("sluice-proxy");
    app.set_version_flag("--version", "sluice-proxy " SLUICE_VERSION);
    options::Options supervisor;
    steward::Settings steward;
    WorkerWords worker;
    options::add_to(app, supervisor);
    const CLI::App* const as_steward = add_steward(app, steward);
    const CLI::App* const as_worker = add_worker(app, worker);
    app.require_subcommand(0, 1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        // Wrong words are the user's to mend, like wrong values: one exit code for both.
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (*as_steward) return serve_as_steward(steward);
    if (*as_worker) return serve_as_worker(worker);
    return supervise(supervisor);
}
