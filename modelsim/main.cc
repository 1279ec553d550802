// modelsim: an OpenAI-compatible simulated model server on one thread. Reads the command line and
// runs the loop.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include <sys/signalfd.h>
#include <unistd.h>

#include "modelsim/loop.h"
#include "modelsim/server.h"
#include "modelsim/settings.h"

namespace {

// SIGTERM and SIGINT as one more readable descriptor: the loop ends between two turns.
class StopOnSignal final : public sluice::modelsim::Watched {
public:
    explicit StopOnSignal(sluice::modelsim::Loop& loop) : loop_(loop) {
        sigset_t signals;
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        sigprocmask(SIG_BLOCK, &signals, nullptr);
        fd_ = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
        loop_.watch(fd_, *this);
    }
    ~StopOnSignal() override { close(fd_); }
    void on_ready(uint32_t /*events*/) override { loop_.stop(); }

private:
    sluice::modelsim::Loop& loop_;
    int fd_;
};

}  // namespace

int main(int argc, char** argv) {
    sluice::modelsim::Settings settings;
    CLI::App app("A simulated OpenAI-compatible model server.");
    app.add_option("--listen", settings.listen, "ADDRESS:PORT; port 0 = from the kernel");
    app.add_option("--name", settings.pod, "the pod that the answers name");
    app.add_option("--model", settings.models, "a model that is served (repeatable)");
    app.add_option("--ttft-ms", settings.ttft_ms, "time to first token")
        ->check(CLI::Range(0, 3'600'000));
    app.add_option(
           "--tokens-per-second", settings.tokens_per_second, "of one generation; 0 = all at once"
    )
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--concurrency", settings.concurrency, "generations that run at once")
        ->check(CLI::Range(1, 100'000));
    app.add_option("--queue-depth", settings.queue_depth, "generations that wait; beyond: 503")
        ->check(CLI::Range(0, 100'000));
    CLI11_PARSE(app, argc, argv);

    sluice::modelsim::Loop loop;
    auto server = sluice::modelsim::Server::open(settings, loop);
    if (!server) {
        std::fprintf(stderr, "modelsim: %s\n", server.error().c_str());
        return 1;
    }
    const StopOnSignal signals(loop);
    std::printf("listening %s\n", (*server)->address().c_str());
    std::fflush(stdout);
    loop.run();
    return 0;
}
