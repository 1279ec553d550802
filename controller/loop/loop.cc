// The turns of the one thread. Nothing here waits but wait().
#include "controller/loop/loop.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <optional>
#include <poll.h>
#include <set>
#include <utility>

#include <sys/signalfd.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "controller/compile/reach.h"
#include "controller/loop/keeper.h"
#include "controller/loop/log.h"
#include "controller/loop/pages.h"

namespace sluice::loop {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

int64_t clock_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

int64_t now_ns() {
    return clock_ns(CLOCK_MONOTONIC);
}

int signal_descriptor() {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    return ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

// poll() rounds down to milliseconds; we rather wake late than spin.
int timeout_ms(std::optional<int64_t> due, int64_t now) {
    if (!due) return -1;
    const int64_t left = std::max<int64_t>(*due - now, 0);
    return static_cast<int>(std::min<int64_t>((left + kNsPerMs - 1) / kNsPerMs, 60'000));
}

std::optional<int64_t> earlier(std::optional<int64_t> a, std::optional<int64_t> b) {
    if (!a || !b) return a ? a : b;
    return std::min(*a, *b);
}

}  // namespace

Loop::Loop(const Settings& settings)
    : settings_(settings),
      signals_(signal_descriptor()),
      source_(settings.files),
      publisher_(settings.proxy_socket),
      compiler_(settings.options),
      reacher_(settings.options) {}

Loop::~Loop() {
    ::close(signals_);
}

int Loop::run() {
    auto admin = admin::Server::listen(settings_.admin_socket, [this](const admin::Request& asked) {
        return page(asked, ledger_, source_.report(), figures());
    });
    if (!admin) {
        spdlog::error("event=cannot_start what=admin_socket error={}", quoted(admin.error()));
        return kCannotStart;
    }
    admin_ = std::move(*admin);
    take_events(source_.load(), now_ns());
    // No objects at all is a table too: an empty one, which says 404 instead of "no table yet".
    compiles_.changed(now_ns());
    while (!stopping_) turn();
    spdlog::info("event=stopped");
    return 0;
}

void Loop::turn() {
    const int64_t now = now_ns();
    work(now);
    for (const publish::Event& event : publisher_.step(now)) answered(event);
    wait();
    take_events(source_.poll(now_ns()), now_ns());
    admin_->step(now_ns());
}

void Loop::wait() {
    std::vector<pollfd> wanted{
        {signals_, POLLIN, 0}, {source_.fd(), POLLIN, 0}, {publisher_.fd(), POLLIN, 0}
    };
    admin_->watch(wanted);
    std::optional<int64_t> due = earlier(compiles_.due(), updates_.due());
    due = earlier(due, source_.due());
    due = earlier(due, earlier(publisher_.due(), admin_->due()));
    ::poll(wanted.data(), wanted.size(), timeout_ms(due, now_ns()));
    signalfd_siginfo signal{};
    if (::read(signals_, &signal, sizeof signal) == sizeof signal) stopping_ = true;
}

void Loop::take_events(model::Batch batch, int64_t now) {
    store_.apply(batch);
    const store::Dirty dirty = store_.take_dirty();
    // A batch is seen whole: endpoints that came with routes change with them.
    only_compile_ |= dirty.routes && dirty.endpoints;
    if (only_compile_) updates_.covered(now);
    if (dirty.routes || (dirty.endpoints && only_compile_)) {
        compiles_.changed(now);
    } else if (dirty.endpoints) {
        updates_.changed(now);
    }
    report_files();
}

void Loop::work(int64_t now) {
    const int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    const auto is_due = [now](const store::Holdoff& holdoff) {
        const auto due = holdoff.due();
        return due && now >= *due;
    };
    const bool compiles = is_due(compiles_);
    if (!compiles && !is_due(updates_)) return;
    if (compiles) {
        compile_and_offer();
        updates_.covered(now);
    } else {
        update_endpoints();
    }
    const int64_t cost = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
    (compiles ? compiles_ : updates_).done(now, cost);
    (compiles ? compiled_ : updated_).add(cost);
}

void Loop::compile_and_offer() {
    const auto snapshot = store_.snapshot();
    compile::Routed routed = compiler_.run(*snapshot);
    backends_ = std::move(routed.backends);
    verdicts_ = std::move(routed.verdicts);
    reach_ = reacher_.run(backends_, snapshot->endpoint_slices);
    ledger_.compiled(*snapshot, said());
    for (const auto& part : routed.routes.rules) routes_compiled_ += part->rules.size();
    only_compile_ = !offer(routed.routes);
    report_verdicts();
}

// The routes stay as the last compile made them, and so does all that is said of them but what
// depends on endpoints.
void Loop::update_endpoints() {
    const auto snapshot = store_.snapshot();
    reach_ = reacher_.run(backends_, snapshot->endpoint_slices);
    ledger_.updated(snapshot->endpoint_slices, said());
    offer_endpoints();
    report_verdicts();
}

Ledger::Said Loop::said() const {
    return {compile::merged(verdicts_, reach_->slices), reach_};
}

// The compiler let something through that the table cannot hold: the proxy keeps what it has.
void Loop::not_built(const table::BuildError& error) {
    spdlog::error(
        "event=not_built reason={} message={}", reason_text(error.reason), quoted(error.message)
    );
    ledger_.refused(error.reason, error.message);
}

// Specs to bytes to the publisher. What it cannot hold it reports as refused; to us it was never
// offered. False: the proxy is not going to have these routes.
bool Loop::offer(const table::RoutesParts& routes) {
    const auto bytes = builder_.build(routes);
    if (!bytes) not_built(bytes.error());
    if (!build_endpoints() || !bytes || !publisher_.offer(*bytes, endpoints_)) return false;
    ledger_.offered(publisher_.offered());
    return true;
}

void Loop::offer_endpoints() {
    if (!build_endpoints()) return;
    if (publisher_.offer_endpoints(endpoints_)) ledger_.offered(publisher_.offered());
}

// Most changes of routes leave the endpoints alone.
bool Loop::build_endpoints() {
    if (built_ == reach_) return true;
    auto bytes = table::build_endpoints(reach_->endpoints);
    if (!bytes) {
        not_built(bytes.error());
        return false;
    }
    endpoints_ = std::move(*bytes);
    built_ = reach_;
    return true;
}

void Loop::answered(const publish::Event& event) {
    using Kind = publish::Event::Kind;
    switch (event.kind) {
        case Kind::connected:
            spdlog::info("event=proxy_connected generation={}", event.generation);
            return;
        case Kind::disconnected:
            if (event.message.empty()) return spdlog::info("event=proxy_disconnected");
            return spdlog::warn("event=proxy_disconnected message={}", quoted(event.message));
        case Kind::running:
            spdlog::info("event=running generation={}", event.generation);
            return ledger_.running(event.generation, event.digests);
        case Kind::late:
            spdlog::warn("event=late generation={} worker={}", event.generation, event.worker);
            return;
        case Kind::refused:
            spdlog::error(
                "event=refused generation={} reason={} message={}",
                event.generation,
                reason_text(event.reason),
                quoted(event.message)
            );
            return ledger_.refused(event.reason, event.message);
    }
}

void Loop::report_files() {
    std::set<std::string> problems;
    for (const auto& problem : source_.report().problems) {
        problems.insert(model::to_string(problem));
    }
    const News::Change change = file_news_.update(std::move(problems));
    for (const auto& line : change.over) spdlog::info("event=problem_over what={}", quoted(line));
    for (const auto& line : change.begun) spdlog::warn("event=problem what={}", quoted(line));
    const auto& skipped = source_.report().skipped;
    const News::Change notes = skipped_news_.update({skipped.begin(), skipped.end()});
    for (const auto& line : notes.begun) spdlog::info("event=skipped what={}", quoted(line));
}

void Loop::report_verdicts() {
    const News::Change change = findings_.update(ledger_.verdicts());
    for (const auto& line : change.over) spdlog::info("event=finding_over {}", line);
    for (const auto& line : change.begun) spdlog::warn("event=finding {}", line);
}

Figures Loop::figures() const {
    return {
        .compiles = compiled_,
        .endpoint_updates = updated_,
        .compile_pause_ns = compiles_.pause(),
        .endpoint_update_pause_ns = updates_.pause(),
        .routes_compiled = routes_compiled_,
        .files_parsed = source_.files_parsed(),
        .bytes_published = publisher_.bytes_sent(),
        .running_generation = ledger_.running_generation(),
        .proxy_connected = publisher_.connected()
    };
}

}  // namespace sluice::loop
