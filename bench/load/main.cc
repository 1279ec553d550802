// bench_load: many clients of event streams on one thread, for bench/compare. Says "started" once
// all streams run, then one line of JSON about the seconds after that, and holds the streams open
// until its input ends: whoever counts CPU time does so between the two lines.
#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/stream.h"
#include "modelsim/event.h"
#include "modelsim/loop.h"

namespace {

using sluice::bench::Shared;
using sluice::bench::Stream;
using sluice::modelsim::Loop;

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kStartNs = 10'000 * kNsPerMs;  // all streams run by then, or something is wrong

struct Options {
    std::string address;
    uint16_t port = 0;
    std::string routes;
    uint32_t streams = 200;
    uint32_t milliseconds = 1000;
};

// Waits for all streams to run, then for the end of what is measured.
class Clock final : public sluice::modelsim::Timed {
public:
    Clock(Loop& loop, Shared& shared, const Options& options)
        : loop_(loop), shared_(shared), options_(options) {
        give_up_ns_ = loop.now_ns() + kStartNs;
        loop_.arm(*this, loop.now_ns() + kNsPerMs);
    }
    ~Clock() override { loop_.disarm(*this); }

    void on_time() override {
        if (started_) return loop_.stop();
        if (shared_.ended > 0 || loop_.now_ns() > give_up_ns_) return loop_.stop();
        if (shared_.streaming < options_.streams) {
            return loop_.arm(*this, loop_.now_ns() + kNsPerMs);
        }
        started_ = true;
        shared_.tally.clear();
        std::puts("started");
        std::fflush(stdout);
        loop_.arm(*this, loop_.now_ns() + options_.milliseconds * kNsPerMs);
    }
    bool started() const { return started_; }

private:
    Loop& loop_;
    Shared& shared_;
    const Options& options_;
    int64_t give_up_ns_;
    bool started_ = false;
};

// One request a line of "host path".
std::vector<std::string> requests(const std::string& file) {
    std::vector<std::string> found;
    std::ifstream lines(file);
    for (std::string host, path; lines >> host >> path;) {
        std::string request = "GET " + path;
        request += " HTTP/1.1\r\nHost: " + host;
        request += "\r\nAccept: text/event-stream\r\n\r\n";
        found.push_back(std::move(request));
    }
    return found;
}

int fail(const std::string& why) {
    std::fprintf(stderr, "bench_load: %s\n", why.c_str());
    return 1;
}

int run(const Options& options) {
    const auto asked = requests(options.routes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(options.port);
    if (asked.empty()) return fail("no routes in " + options.routes);
    if (inet_pton(AF_INET, options.address.c_str(), &address.sin_addr) != 1)
        return fail("not an IPv4 address: " + options.address);

    Loop loop;
    const auto shared = std::make_unique<Shared>();
    std::vector<std::unique_ptr<Stream>> streams;
    for (uint32_t i = 0; i < options.streams; ++i) {
        streams.push_back(std::make_unique<Stream>(*shared));
        const auto opened = streams.back()->open(address, asked[i % asked.size()], loop);
        if (!opened) return fail(opened.error());
    }
    const Clock clock(loop, *shared, options);
    loop.run();
    if (!clock.started()) {
        return fail(
            std::to_string(shared->streaming) + " of " + std::to_string(options.streams) +
            " streams began"
        );
    }
    std::puts(shared->tally.json().c_str());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Clients of event streams: delays by the stamps inside, what merged, errors.");
    app.add_option("address", options.address, "IPv4")->required();
    app.add_option("port", options.port)->required();
    app.add_option("--routes", options.routes, "a file of \"host path\" lines, taken in turn")
        ->required();
    app.add_option("--streams", options.streams)->check(CLI::Range(1, 10'000));
    app.add_option("--milliseconds", options.milliseconds, "that are measured")
        ->check(CLI::Range(1, 600'000));
    CLI11_PARSE(app, argc, argv);
    return run(options);
}
