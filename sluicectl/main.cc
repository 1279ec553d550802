// sluicectl: the command for people. Reads the command line and hands over to one verb.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "sluicectl/run.h"
#include "sluicectl/validate.h"

namespace {

using sluice::ctl::RunSettings;
using sluice::ctl::ValidateSettings;

// What decides how manifests are read, the same for every verb.
void add_options(
    CLI::App& verb, std::vector<std::string>& paths, sluice::compile::Options& options
) {
    verb.add_option("paths", paths, "directories or files of manifests")->required();
    verb.add_option("--class", options.class_name, "the IngressClass that is ours")
        ->capture_default_str();
    verb.add_flag(
        "--watch-without-class", options.watch_without_class, "take objects that name no class, too"
    );
}

void add_validate(CLI::App& app, ValidateSettings& settings) {
    CLI::App* verb = app.add_subcommand(
        "validate", "check manifests with the controller's own compiler; exit code 1 on a problem"
    );
    add_options(*verb, settings.paths, settings.options);
    verb->add_flag(
        "--allow-loopback-endpoints",
        settings.options.allow_loopback_endpoints,
        "take endpoints that a cluster refuses, as `run` does"
    );
    verb->add_option("--output", settings.output, "text or json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

void add_run(CLI::App& app, RunSettings& settings) {
    CLI::App* verb =
        app.add_subcommand("run", "serve manifests on this machine, without a cluster");
    add_options(*verb, settings.paths, settings.options);
    verb->add_option("--listen", settings.listen, "ADDRESS:PORT of the gateway")
        ->capture_default_str();
    verb->add_option(
        "--state-dir", settings.state_dir, "where the sockets live; default: temporary"
    );
    verb->add_option("--access-log", settings.access_log, "off, stdout, file:PATH or syslog")
        ->capture_default_str();
    verb->add_option("--workers", settings.workers, "proxy processes")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    verb->add_flag(
        "--simulate", settings.simulate, "start a simulated model server for each loopback endpoint"
    );
    verb->add_option("--sim-ttft-ms", settings.sim_ttft_ms, "simulated time to first token")
        ->check(CLI::Range(0, 3'600'000))
        ->capture_default_str();
    verb->add_option(
            "--sim-tokens-per-second", settings.sim_tokens_per_second, "0 = all tokens at once"
    )
        ->check(CLI::Range(0, 1'000'000))
        ->capture_default_str();
}

// The other programs stand beside this one.
std::string own_directory() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Sluice: an ingress controller for AI model services.");
    app.require_subcommand(1);
    ValidateSettings validate;
    RunSettings run;
    run.options.allow_loopback_endpoints = true;
    run.programs = own_directory();
    add_validate(app, validate);
    add_run(app, run);
    app.add_subcommand("version", "print the version");
    CLI11_PARSE(app, argc, argv);

    if (app.got_subcommand("validate")) return sluice::ctl::validate(validate);
    if (app.got_subcommand("run")) return sluice::ctl::run(run);
    std::puts("sluice " SLUICE_VERSION);
    return 0;
}
