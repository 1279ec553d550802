// sluice-controller: reads the command line, then keeps one child alive that does the work.
#include <CLI/CLI.hpp>

#include "controller/loop/keeper.h"
#include "controller/loop/log.h"
#include "controller/loop/loop.h"
#include "controller/loop/settings.h"

int main(int argc, char** argv) {
    sluice::loop::Settings settings;
    CLI::App app("Compiles manifests into tables for sluice-proxy.");
    app.add_option("--files", settings.files, "directories or files of manifests")->required();
    app.add_option("--proxy-socket", settings.proxy_socket, "where sluice-proxy takes tables")
        ->required();
    app.add_option("--admin-socket", settings.admin_socket, "where to serve /readyz, /verdicts …")
        ->required();
    app.add_option("--class", settings.options.class_name, "the IngressClass that is ours")
        ->capture_default_str();
    app.add_flag(
        "--watch-without-class",
        settings.options.watch_without_class,
        "take objects that name no class, too"
    );
    app.add_flag(
        "--allow-loopback-endpoints",
        settings.options.allow_loopback_endpoints,
        "take endpoints on this machine, which a cluster refuses"
    );
    app.add_option("--log-level", settings.log_level)
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    sluice::loop::set_up_log(settings.log_level);
    return sluice::loop::keep([&settings] { return sluice::loop::Loop(settings).run(); });
}
