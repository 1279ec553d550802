// Starts the programs, waits for the first table, prints the block, then only restarts what ends.
#include "sluicectl/run.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <utility>

#include <sys/signalfd.h>
#include <unistd.h>

#include "sluicectl/address.h"
#include "sluicectl/block.h"
#include "sluicectl/children.h"
#include "sluicectl/manifests.h"
#include "sluicectl/ready.h"
#include "sluicectl/simulate.h"

namespace sluice::ctl {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kStartNs = 30'000 * kNsPerMs;  // until the first table must run
constexpr int64_t kAskNs = 10 * kNsPerMs;        // between two looks at /readyz
constexpr unsigned kHopeless = 3;                // ends of one program before the first table
constexpr int kStreamsMs = 4000;                 // at the end, for streams that are open
constexpr int kRestMs = 1000;                    // and then for the programs

int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

int complain(const std::string& message) {
    std::fprintf(stderr, "sluicectl: %s\n", message.c_str());
    return 1;
}

// The signals that tell us to stop as a descriptor, and SIGCHLD as a reason to look.
int signal_descriptor() {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&wanted, number);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    return ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

// From here on the descriptor is readable only when somebody tells us to stop once more.
void hear_only_stops(int descriptor) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&wanted, number);
    ::signalfd(descriptor, &wanted, 0);
}

// Sockets live here; removed with what is in it unless the user named it.
class StateDir {
public:
    explicit StateDir(const std::string& named) : path_(named), temporary_(named.empty()) {
        std::error_code error;
        if (!temporary_) {
            std::filesystem::create_directories(path_, error);
            if (error) path_.clear();
            return;
        }
        // mkdtemp(3) puts a name that nobody has in the place of the six Xs.
        std::string name = (std::filesystem::temp_directory_path(error) / "sluice-XXXXXX").string();
        path_ = ::mkdtemp(name.data()) == nullptr ? "" : name;
    }
    ~StateDir() {
        std::error_code ignored;
        if (temporary_ && !path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    StateDir(const StateDir&) = delete;
    StateDir& operator=(const StateDir&) = delete;

    const std::string& path() const { return path_; }  // "" when it cannot be made

private:
    std::string path_;
    bool temporary_;
};

class Runner {
public:
    Runner(const RunSettings& settings, std::string state)
        : settings_(settings), state_(std::move(state)), signals_(signal_descriptor()) {}
    ~Runner() { ::close(signals_); }
    Runner(const Runner&) = delete;
    Runner& operator=(const Runner&) = delete;

    int run(const Manifests& manifests) {
        start(manifests);
        const int64_t give_up = now_ns() + kStartNs;
        while (!running()) {
            if (wait(kAskNs)) return finish(0);
            if (const std::string why = hopeless(); !why.empty()) return finish(complain(why));
            if (now_ns() >= give_up) return finish(complain("no table after 30 s: giving up"));
        }
        const std::string block =
            start_block(*manifests.snapshot, manifests.compiled, gateway_, settings_.paths);
        std::fputs(block.c_str(), stdout);
        std::fflush(stdout);
        while (!wait(std::nullopt)) continue;
        return finish(0);
    }

private:
    std::string program(const char* name) const { return settings_.programs + "/" + name; }
    std::string socket(const char* name) const { return state_ + "/" + name; }

    void start(const Manifests& manifests) {
        const int64_t now = now_ns();
        proxy_ = children_.start(
            {program("sluice-proxy"),
             "--listen",
             settings_.listen,
             "--socket",
             socket("proxy.sock"),
             "--admin-socket",
             socket("proxy-admin.sock"),
             "--access-log",
             settings_.access_log,
             "--workers",
             std::to_string(settings_.workers)},
            true,
            now
        );
        children_.start(controller_command(), false, now);
        if (!settings_.simulate) return;
        for (const SimulatedServer& server : simulated_servers(*manifests.snapshot)) {
            children_.start(simulator_command(server), false, now, server.listen);
        }
    }

    std::vector<std::string> controller_command() const {
        std::vector<std::string> argv{program("sluice-controller"), "--files"};
        argv.insert(argv.end(), settings_.paths.begin(), settings_.paths.end());
        for (const char* word : {"--log-level", "warn"}) argv.emplace_back(word);
        argv.insert(argv.end(), {"--proxy-socket", socket("proxy.sock")});
        argv.insert(argv.end(), {"--admin-socket", socket("admin.sock")});
        argv.insert(argv.end(), {"--class", settings_.options.class_name});
        if (settings_.options.watch_without_class) argv.emplace_back("--watch-without-class");
        if (settings_.options.allow_loopback_endpoints) {
            argv.emplace_back("--allow-loopback-endpoints");
        }
        return argv;
    }

    std::vector<std::string> simulator_command(const SimulatedServer& server) const {
        return {
            program("modelsim"),
            "--listen",
            server.listen,
            "--name",
            server.pod,
            "--model",
            server.model,
            "--ttft-ms",
            std::to_string(settings_.sim_ttft_ms),
            "--tokens-per-second",
            std::to_string(settings_.sim_tokens_per_second)
        };
    }

    bool running() const {
        return !gateway_.empty() && admin_status(socket("admin.sock"), "/readyz") == 200;
    }

    // A program that ends again and again before anything ran will not be better later.
    std::string hopeless() const {
        for (size_t child = 0; child < children_.size(); ++child) {
            if (children_.failures(child) >= kHopeless) return children_.last_end(child);
        }
        return "";
    }

    // One turn: signals, output, restarts. True when we were told to stop.
    bool wait(std::optional<int64_t> at_most_ns) {
        std::array<pollfd, 2> wanted{{{signals_, POLLIN, 0}, {children_.output(proxy_), POLLIN, 0}}
        };
        const int64_t now = now_ns();
        int64_t pause = at_most_ns.value_or(60'000 * kNsPerMs);
        if (const auto due = children_.due()) pause = std::clamp<int64_t>(*due - now, 0, pause);
        ::poll(wanted.data(), wanted.size(), static_cast<int>(pause / kNsPerMs) + 1);
        hear(children_.read_output(proxy_));
        signalfd_siginfo signal{};
        bool stop = false;
        while (::read(signals_, &signal, sizeof signal) == sizeof signal) {
            stop |= signal.ssi_signo != SIGCHLD;
        }
        for (const std::string& line : children_.step(now_ns())) complain(line);
        return stop;
    }

    // The proxy says "listening ADDRESS"; what else it says is for people. It keeps that address
    // over restarts, even one that the kernel chose.
    void hear(const std::string& text) {
        heard_ += text;
        for (size_t end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n')) {
            const std::string line = heard_.substr(0, end);
            heard_.erase(0, end + 1);
            constexpr const char* kWord = "listening ";
            if (!line.starts_with(kWord)) {
                std::printf("%s\n", line.c_str());  // the access log, when it goes there
                continue;
            }
            const std::string address = line.substr(std::strlen(kWord));
            gateway_ = dialable(address);
            auto& argv = children_.argv(proxy_);
            std::replace(argv.begin(), argv.end(), settings_.listen, address);
        }
    }

    int finish(int code) {
        hear_only_stops(signals_);
        children_.end(
            {.first_ms = kStreamsMs,
             .rest_ms = kRestMs,
             .hurry = signals_,
             .notice = "sluicectl: waiting up to " + std::to_string(kStreamsMs / 1000) +
                       " s for open streams, Ctrl-C again to stop now"}
        );
        // A directory that the user named is left as it was found.
        for (const char* name : {"proxy.sock", "admin.sock", "proxy-admin.sock"})
            ::unlink(socket(name).c_str());
        return code;
    }

    const RunSettings& settings_;
    std::string state_;
    int signals_;
    Children children_;
    size_t proxy_ = 0;
    std::string gateway_;
    std::string heard_;
};

// What stands in the way before anything is started; "" when nothing does.
std::string obstacle(const RunSettings& settings, const Manifests& manifests) {
    const auto listen = parse_address(settings.listen);
    if (!listen) return settings.listen + " is not ADDRESS:PORT; give another with --listen";
    if (const auto why = listen_obstacle(*listen); !why.empty()) {
        return settings.listen + " is " + why +
               "; choose another address with --listen ADDRESS:PORT";
    }
    if (!settings.simulate) return "";
    for (const SimulatedServer& server : simulated_servers(*manifests.snapshot)) {
        const auto address = parse_address(server.listen);
        const std::string why = address ? listen_obstacle(*address) : "not an address";
        if (why.empty()) continue;
        return "the endpoint " + server.listen + " of pod " + server.pod + " is " + why +
               "; end what uses it, or change its EndpointSlice";
    }
    return "";
}

}  // namespace

int run(const RunSettings& settings) {
    const Manifests manifests = read_manifests(settings.paths, settings.options);
    if (const auto why = obstacle(settings, manifests); !why.empty()) return complain(why);
    const StateDir state(settings.state_dir);
    if (state.path().empty()) return complain("cannot make the state directory");
    Runner runner(settings, state.path());
    return runner.run(manifests);
}

}  // namespace sluice::ctl
