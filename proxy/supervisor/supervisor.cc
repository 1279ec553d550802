// The loop: starts processes, reaps them, moves the hand-over on, drains.
#include "proxy/supervisor/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <poll.h>

#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy/live/clock.h"
#include "proxy/live/journal.h"
#include "proxy/supervisor/child.h"
#include "proxy/supervisor/inheritance.h"
#include "proxy/supervisor/watch.h"

namespace sluice::supervisor {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kLastLinesMs = 3'000;  // for the steward's log, once workers were cut off

int64_t monotonic_ms() {
    return live::monotonic_ns() / kNsPerMs;
}

std::string how_it_ended(int status) {
    if (WIFSIGNALED(status)) return "was ended by signal " + std::to_string(WTERMSIG(status));
    return "ended with code " + std::to_string(WEXITSTATUS(status));
}

handover::Workers references(std::vector<Child>& workers) {
    return {workers.begin(), workers.end()};
}

class Supervisor {
public:
    Supervisor(const Settings& settings, Inheritance inheritance);
    bool watch_signals();
    void serve();

private:
    bool over() const;
    bool any_worker() const;
    bool is_wanted(const Child& child) const;
    void start_due(int64_t now_ms);
    void started(Child& child, int64_t now_ms);
    void wait_for_events(int64_t now_ms);
    void take_signals(int64_t now_ms);
    void take_end_signal(int64_t now_ms);
    void reap(int64_t now_ms);
    void died(Child& child, int status, int64_t now_ms);
    std::string bury(size_t index, int status);
    void read_children(int64_t now_ms);
    void reopen_log();
    void begin_drain(int64_t now_ms);
    void drain_on(int64_t now_ms);
    std::optional<int64_t> due() const;
    Child& child(size_t index) { return index == 0 ? steward_ : workers_[index - 1]; }
    size_t index_of(const Child& worker) const {
        return static_cast<size_t>(&worker - workers_.data());
    }

    const Settings& settings_;
    Inheritance inheritance_;
    live::PodRecord& pod_;
    table::Descriptor signals_;
    Child steward_;
    std::vector<Child> workers_;
    handover::Handover handover_;
    Watch watch_;
    bool reopen_owed_ = false;
    std::optional<int64_t> drain_at_ms_;  // set from the first signal on …
    std::optional<int64_t> kill_at_ms_;   // … and this once it drains
};

Supervisor::Supervisor(const Settings& settings, Inheritance inheritance)
    : settings_(settings),
      inheritance_(std::move(inheritance)),
      pod_(inheritance_.live.pod()),
      steward_(make_steward(settings, inheritance_)),
      workers_(make_workers(settings, inheritance_)),
      handover_(settings.handover, steward_, references(workers_), pod_),
      watch_(settings.clocks, inheritance_.live, workers_, handover_) {
    pod_.started_ns = static_cast<uint64_t>(live::monotonic_ns());
    pod_.supervisor_pid = static_cast<uint32_t>(::getpid());
    pod_.workers = settings.workers;
}

bool Supervisor::watch_signals() {
    sigset_t watched;
    ::sigemptyset(&watched);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGUSR1}) {
        ::sigaddset(&watched, signal);
    }
    if (::sigprocmask(SIG_BLOCK, &watched, nullptr) != 0) return false;
    signals_ = table::Descriptor(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
    return static_cast<bool>(signals_);
}

void Supervisor::serve() {
    for (;;) {
        const int64_t now_ms = monotonic_ms();
        if (drain_at_ms_ && !kill_at_ms_ && now_ms >= *drain_at_ms_) begin_drain(now_ms);
        if (kill_at_ms_) {
            drain_on(now_ms);
            if (over()) return;
        }
        start_due(now_ms);
        watch_.look(now_ms);
        if (!kill_at_ms_) watch_.settle();
        if (reopen_owed_) reopen_log();
        handover_.tick(now_ms);
        wait_for_events(now_ms);
    }
}

bool Supervisor::any_worker() const {
    return std::any_of(workers_.begin(), workers_.end(), [](const Child& worker) {
        return worker.alive();
    });
}

bool Supervisor::over() const {
    return kill_at_ms_ && !steward_.alive() && !any_worker();
}

// While the pod drains no worker comes back; the steward does, for the last lines and numbers.
bool Supervisor::is_wanted(const Child& child) const {
    return !kill_at_ms_ || (&child == &steward_ && any_worker());
}

void Supervisor::start_due(int64_t now_ms) {
    for (size_t i = 0; i <= workers_.size(); ++i) {
        Child& next = child(i);
        if (next.alive() || now_ms < next.start_at_ms || !is_wanted(next)) continue;
        if (start(next, settings_.program, now_ms)) {
            started(next, now_ms);
        } else {
            say(next.name + " cannot be started: " + std::strerror(errno));
            schedule_restart(next, settings_.clocks, now_ms);
        }
    }
}

void Supervisor::started(Child& child, int64_t now_ms) {
    if (&child == &steward_) {
        ++pod_.steward_starts;
        pod_.steward_pid = static_cast<uint32_t>(child.pid);
        return handover_.steward_started(now_ms);
    }
    const size_t index = index_of(child);
    ++inheritance_.live.worker(static_cast<uint32_t>(index)).starts;
    watch_.started(index);
    handover_.worker_started(index, now_ms);
}

std::optional<int64_t> Supervisor::due() const {
    std::optional<int64_t> first = handover_.due();
    const auto consider = [&first](int64_t at) { first = std::min(first.value_or(at), at); };
    consider(watch_.due());
    if (drain_at_ms_ && !kill_at_ms_) consider(*drain_at_ms_);  // its end comes with a tick
    if (!steward_.alive() && is_wanted(steward_)) consider(steward_.start_at_ms);
    for (const Child& worker : workers_) {
        if (!worker.alive() && is_wanted(worker)) consider(worker.start_at_ms);
    }
    return first;
}

// poll() ignores negative descriptors: who is not there is not asked.
void Supervisor::wait_for_events(int64_t now_ms) {
    std::vector<pollfd> polled{
        {signals_.get(), POLLIN, 0},
        {handover_.accepts() ? inheritance_.control.get() : -1, POLLIN, 0},
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
    if (polled[1].revents != 0) handover_.accept(inheritance_.control.get(), woken_ms);
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

void Supervisor::take_signals(int64_t now_ms) {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP || info.ssi_signo == SIGUSR1) reopen_owed_ = true;
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) take_end_signal(now_ms);
    }
    reap(now_ms);
}

// The first one begins to leave; the second one means now.
void Supervisor::take_end_signal(int64_t now_ms) {
    const bool first = !drain_at_ms_;
    pod_.draining = 1;
    drain_at_ms_ = first ? now_ms + settings_.clocks.drain_wait_ms : now_ms;
    if (first) return;
    if (!kill_at_ms_) begin_drain(now_ms);
    kill_at_ms_ = now_ms;
}

// A steward that is not there opens the file anew when it starts.
void Supervisor::reopen_log() {
    table::Message message;
    message.kind = table::MessageKind::reopen;
    reopen_owed_ = steward_.channel && !table::send(steward_.channel.get(), message);
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
    const bool is_worker = &child != &steward_;
    const std::string losses = is_worker ? bury(index_of(child), status) : "";
    if (!kill_at_ms_) {
        say(child.name + " " + how_it_ended(status) + losses + ", next start in " +
            std::to_string(child.delay_ms) + " ms");
    }
    if (is_worker) {
        watch_.died(index_of(child));
        handover_.worker_died(index_of(child), now_ms);
    } else {
        pod_.steward_pid = 0;
        handover_.steward_died(now_ms);
    }
}

// Undoes what the worker held in live state. Returns what people should know.
std::string Supervisor::bury(size_t index, int status) {
    const auto worker = static_cast<uint32_t>(index);
    const int64_t now_ns = live::monotonic_ns();
    const std::string suspect = suspect_of(inheritance_.live, worker, now_ns);
    const auto signal = static_cast<uint32_t>(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    const auto reason = static_cast<uint16_t>(Reason::worker_died);
    const live::Buried buried = live::bury(inheritance_.live, worker, now_ns, signal, reason);
    ++inheritance_.live.worker(worker).deaths;
    inheritance_.live.worker(worker).lost += buried.lost;
    if (buried.lost == 0) return "";
    return ", " + std::to_string(buried.lost) + " exchanges lost" + suspect;
}

// Nobody listens any more once the workers have closed their copies too.
void Supervisor::begin_drain(int64_t now_ms) {
    kill_at_ms_ = now_ms + settings_.clocks.grace_ms;
    inheritance_.listeners.sockets.clear();
    inheritance_.control = table::Descriptor();
    ::unlink(settings_.control_path.c_str());
    handover_.drain();
}

void Supervisor::drain_on(int64_t now_ms) {
    for (const Child& worker : workers_) {
        if (now_ms >= *kill_at_ms_) kill_now(worker);
    }
    // The steward goes last: it ends when its channel does, having logged what was cut off too.
    if (!any_worker()) steward_.channel = table::Descriptor();
    if (now_ms >= *kill_at_ms_ + kLastLinesMs) kill_now(steward_);
}

}  // namespace

int run(const Settings& settings) {
    ::signal(SIGPIPE, SIG_IGN);
    auto inheritance = bind(settings);
    if (!inheritance) {
        say(inheritance.error());
        return 1;
    }
    std::string bound;
    for (const std::string& address : inheritance->listeners.addresses) {
        bound += "listening " + address + "\n";
    }
    for (const listen::Bound& admin : inheritance->admin) bound += "admin " + admin.address + "\n";
    Supervisor supervisor(settings, std::move(*inheritance));
    if (!supervisor.watch_signals()) {
        say(std::string("signalfd: ") + std::strerror(errno));
        return 1;
    }
    // Whoever reads this may send a signal at once: it must find us watching.
    std::fputs(bound.c_str(), stdout);
    std::fflush(stdout);
    supervisor.serve();
    if (!settings.admin_path.empty()) ::unlink(settings.admin_path.c_str());
    return 0;
}

}  // namespace sluice::supervisor
