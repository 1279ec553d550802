// The loop: starts processes, reaps them, moves the hand-over on, drains.
#include "proxy/supervisor/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <poll.h>

#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/supervisor/child.h"
#include "proxy/supervisor/handover.h"
#include "proxy/supervisor/listeners.h"

namespace sluice::supervisor {
namespace {

int64_t monotonic_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000 + now.tv_nsec / 1'000'000;
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
    return "ended with code " + std::to_string(WEXITSTATUS(status));
}

class Supervisor {
public:
    Supervisor(const Settings& settings, Listeners listeners, table::Descriptor control);
    bool watch_signals();
    void serve();

private:
    bool over() const;
    void start_due(int64_t now_ms);
    void started(Child& child, int64_t now_ms);
    void wait_for_events(int64_t now_ms);
    void take_signals(int64_t now_ms);
    void reap(int64_t now_ms);
    void died(Child& child, int status, int64_t now_ms);
    void accept_controller(int64_t now_ms);
    void read_children(int64_t now_ms);
    void begin_drain(int64_t now_ms);
    void drain_on(int64_t now_ms);
    std::optional<int64_t> due() const;
    Child& child(size_t index) { return index == 0 ? steward_ : workers_[index - 1]; }

    const Settings& settings_;
    Listeners listeners_;
    table::Descriptor control_;
    table::Descriptor signals_;
    Child steward_;
    std::vector<Child> workers_;
    Handover handover_;
    std::optional<int64_t> kill_at_ms_;  // set while it drains
};

std::vector<Child> make_workers(const Listeners& listeners) {
    std::vector<Child> workers(listeners.sockets.size());
    for (size_t i = 0; i < workers.size(); ++i) {
        workers[i].name = "worker " + std::to_string(i);
        workers[i].arguments = {"worker", "--index", std::to_string(i), "--channel", "3"};
        int place = 4;
        for (const table::Descriptor& socket : listeners.sockets[i]) {
            workers[i].inherited.push_back(socket.get());
            workers[i].arguments.insert(
                workers[i].arguments.end(), {"--listener", std::to_string(place++)}
            );
        }
    }
    return workers;
}

Supervisor::Supervisor(const Settings& settings, Listeners listeners, table::Descriptor control)
    : settings_(settings),
      listeners_(std::move(listeners)),
      control_(std::move(control)),
      workers_(make_workers(listeners_)),
      handover_(settings, steward_, workers_) {
    steward_.name = "steward";
    steward_.arguments = {"steward", "--channel", "3"};
}

bool Supervisor::watch_signals() {
    sigset_t watched;
    ::sigemptyset(&watched);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) ::sigaddset(&watched, signal);
    if (::sigprocmask(SIG_BLOCK, &watched, nullptr) != 0) return false;
    signals_ = table::Descriptor(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
    return static_cast<bool>(signals_);
}

void Supervisor::serve() {
    while (!over()) {
        const int64_t now_ms = monotonic_ms();
        if (kill_at_ms_) {
            drain_on(now_ms);
        } else {
            start_due(now_ms);
        }
        handover_.tick(now_ms);
        wait_for_events(now_ms);
    }
}

bool Supervisor::over() const {
    const auto is_alive = [](const Child& worker) { return worker.alive(); };
    return kill_at_ms_ && !steward_.alive() &&
           std::none_of(workers_.begin(), workers_.end(), is_alive);
}

void Supervisor::start_due(int64_t now_ms) {
    for (size_t i = 0; i <= workers_.size(); ++i) {
        Child& next = child(i);
        if (next.alive() || now_ms < next.start_at_ms) continue;
        if (start(next, settings_.program, now_ms)) {
            started(next, now_ms);
        } else {
            say(next.name + " cannot be started: " + std::strerror(errno));
            schedule_restart(next, settings_.clocks, now_ms);
        }
    }
}

void Supervisor::started(Child& child, int64_t now_ms) {
    if (&child == &steward_) return handover_.steward_started(now_ms);
    handover_.worker_started(static_cast<size_t>(&child - workers_.data()), now_ms);
}

std::optional<int64_t> Supervisor::due() const {
    std::optional<int64_t> first = handover_.due();
    const auto consider = [&first](int64_t at) { first = std::min(first.value_or(at), at); };
    if (kill_at_ms_) {
        consider(*kill_at_ms_);
        return first;
    }
    if (!steward_.alive()) consider(steward_.start_at_ms);
    for (const Child& worker : workers_) {
        if (!worker.alive()) consider(worker.start_at_ms);
    }
    return first;
}

// poll() ignores negative descriptors: who is not there is not asked.
void Supervisor::wait_for_events(int64_t now_ms) {
    std::vector<pollfd> polled{
        {signals_.get(), POLLIN, 0},
        {control_.get(), POLLIN, 0},
        {handover_.controller(), POLLIN, 0},
        {steward_.channel.get(), POLLIN, 0},
    };
    for (const Child& worker : workers_) polled.push_back({worker.channel.get(), POLLIN, 0});
    const auto next = due();
    const int timeout_ms =
        next ? static_cast<int>(std::clamp<int64_t>(*next - now_ms, 0, 60'000)) : -1;
    if (::poll(polled.data(), polled.size(), timeout_ms) <= 0) return;

    const int64_t woken_ms = monotonic_ms();
    if (polled[2].revents != 0) handover_.read_controller(woken_ms);
    read_children(woken_ms);
    if (polled[1].revents != 0) accept_controller(woken_ms);
    if (polled[0].revents != 0) take_signals(woken_ms);
}

void Supervisor::read_children(int64_t now_ms) {
    handover_.read_steward(now_ms);
    for (size_t i = 0; i < workers_.size(); ++i) {
        handover_.read_worker(i, now_ms);
        // Alive without a channel: deaf. While it drains it may be about to exit.
        if (workers_[i].alive() && !workers_[i].channel && !kill_at_ms_) kill_now(workers_[i]);
    }
}

void Supervisor::accept_controller(int64_t now_ms) {
    auto controller = table::accept_from(control_.get());
    if (!controller) return say("a controller is turned away: " + controller.error().message);
    if (*controller) handover_.connected(std::move(*controller), now_ms);
}

void Supervisor::take_signals(int64_t now_ms) {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD) continue;
        if (!kill_at_ms_) {
            begin_drain(now_ms);
        } else {
            kill_at_ms_ = now_ms;
        }
    }
    reap(now_ms);
}

void Supervisor::reap(int64_t now_ms) {
    for (;;) {
        siginfo_t dead{};
        const int options = WEXITED | WNOHANG | WNOWAIT;
        if (::waitid(P_ALL, 0, &dead, options) != 0 || dead.si_pid == 0) return;
        // Its last words count, and until it is buried its number is nobody else's.
        read_children(now_ms);
        int status = 0;
        ::waitpid(dead.si_pid, &status, 0);
        for (size_t i = 0; i <= workers_.size(); ++i) {
            if (child(i).pid == dead.si_pid) died(child(i), status, now_ms);
        }
    }
}

void Supervisor::died(Child& child, int status, int64_t now_ms) {
    schedule_restart(child, settings_.clocks, now_ms);
    if (!kill_at_ms_) {
        say(child.name + " " + how_it_ended(status) + ", next start in " +
            std::to_string(child.delay_ms) + " ms");
    }
    if (&child == &steward_) return handover_.steward_died(now_ms);
    handover_.worker_died(static_cast<size_t>(&child - workers_.data()));
}

// Nobody listens any more once the workers have closed their copies too.
void Supervisor::begin_drain(int64_t now_ms) {
    kill_at_ms_ = now_ms + settings_.clocks.grace_ms;
    listeners_.sockets.clear();
    control_ = table::Descriptor();
    handover_.drain();
}

void Supervisor::drain_on(int64_t now_ms) {
    const bool patient = now_ms < *kill_at_ms_;
    bool workers_left = false;
    for (const Child& worker : workers_) {
        workers_left |= worker.alive();
        if (!patient) kill_now(worker);
    }
    // The steward goes last: it ends when its channel does.
    if (!workers_left) steward_.channel = table::Descriptor();
    if (!patient) kill_now(steward_);
}

int refused(const std::string& why) {
    say(why);
    return 1;
}

}  // namespace

int run(const Settings& settings) {
    ::signal(SIGPIPE, SIG_IGN);
    // A terminal that goes away is no reason to drop what is in flight, and there is no
    // configuration to read anew.
    ::signal(SIGHUP, SIG_IGN);
    auto listeners = bind_all(settings.listen, settings.workers);
    if (!listeners) return refused(listeners.error());
    auto control = table::listen_at(settings.control_path);
    if (!control) return refused("--socket: " + control.error().message);
    const std::vector<std::string> addresses = listeners->addresses;
    Supervisor supervisor(settings, std::move(*listeners), std::move(*control));
    if (!supervisor.watch_signals())
        return refused(std::string("signalfd: ") + std::strerror(errno));
    // Whoever reads this may send a signal at once: it must find us watching.
    for (const std::string& address : addresses) std::printf("listening %s\n", address.c_str());
    std::fflush(stdout);
    supervisor.serve();
    return 0;
}

}  // namespace sluice::supervisor
