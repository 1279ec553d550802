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

std::string finding_line(const compile::Verdict& verdict, const compile::Finding& finding) {
    const bool refused = finding.severity == compile::Finding::Severity::refused;
    return "object=" + quoted(model::to_string(verdict.object)) +
           " severity=" + (refused ? "refused" : "warning") +
           " reason=" + std::string(reason_text(finding.reason)) +
           " field=" + quoted(finding.field) + " message=" + quoted(finding.message);
}

}  // namespace

Loop::Loop(const Settings& settings)
    : settings_(settings),
      signals_(signal_descriptor()),
      source_(settings.files),
      publisher_(settings.proxy_socket) {}

Loop::~Loop() {
    ::close(signals_);
}

int Loop::run() {
    auto admin = admin::Server::listen(settings_.admin_socket, [this](const admin::Request& asked) {
        return page(asked, ledger_, source_.report());
    });
    if (!admin) {
        spdlog::error("event=cannot_start what=admin_socket error={}", quoted(admin.error()));
        return kCannotStart;
    }
    admin_ = std::move(*admin);
    take_events(source_.load(), now_ns());
    // No objects at all is a table too: an empty one, which says 404 instead of "no table yet".
    holdoff_.changed(now_ns());
    while (!stopping_) turn();
    spdlog::info("event=stopped");
    return 0;
}

void Loop::turn() {
    const int64_t now = now_ns();
    if (const auto due = holdoff_.due(); due && now >= *due) compile_and_offer(now);
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
    std::optional<int64_t> due = earlier(holdoff_.due(), source_.due());
    due = earlier(due, earlier(publisher_.due(), admin_->due()));
    ::poll(wanted.data(), wanted.size(), timeout_ms(due, now_ns()));
    signalfd_siginfo signal{};
    if (::read(signals_, &signal, sizeof signal) == sizeof signal) stopping_ = true;
}

void Loop::take_events(model::Batch batch, int64_t now) {
    store_.apply(batch);
    if (!batch.apply.empty() || !batch.remove.empty()) holdoff_.changed(now);
    report_files();
}

void Loop::compile_and_offer(int64_t now) {
    const int64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    const store::Dirty dirty = store_.take_dirty();
    // A change that left every object as it was needs no compile; the first one is due anyway.
    if (dirty.any() || ledger_.newest() == 0) {
        auto snapshot = store_.snapshot();
        compile::Compiled compiled = compile::compile(*snapshot, settings_.options);
        ledger_.compiled(std::move(snapshot), std::move(compiled.verdicts));
        routes_stale_ |= dirty.routes;
        if (const auto made = offer(compiled); !made) not_built(made.error());
        report_verdicts();
    }
    holdoff_.compiled(now, clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu);
}

// The compiler let something through that the table cannot hold: the proxy keeps what it has.
void Loop::not_built(const table::BuildError& error) {
    spdlog::error(
        "event=not_built reason={} message={}", reason_text(error.reason), quoted(error.message)
    );
    ledger_.refused(error.reason, error.message);
}

// Specs to bytes to the publisher. Routes that cannot have changed are not built again. What the
// publisher cannot hold it reports as refused; to us it was never offered.
tl::expected<void, table::BuildError> Loop::offer(const compile::Compiled& compiled) {
    const auto endpoints = table::build_endpoints(compiled.endpoints);
    if (!endpoints) return tl::unexpected<table::BuildError>(endpoints.error());
    if (routes_stale_) {
        const auto routes = table::build_routes(compiled.routes);
        if (!routes) return tl::unexpected<table::BuildError>(routes.error());
        if (!publisher_.offer(*routes, *endpoints)) return {};
        offered_[static_cast<size_t>(table::Segment::routes)] = table::digest(*routes);
        routes_stale_ = false;
    } else if (!publisher_.offer_endpoints(*endpoints)) {
        return {};
    }
    offered_[static_cast<size_t>(table::Segment::endpoints)] = table::digest(*endpoints);
    ledger_.offered(offered_);
    return {};
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
    std::set<std::string> findings;
    for (const compile::Verdict& verdict : ledger_.verdicts()) {
        if (!verdict.ours) continue;
        for (const compile::Finding& finding : verdict.findings) {
            findings.insert(finding_line(verdict, finding));
        }
    }
    const News::Change change = verdict_news_.update(std::move(findings));
    for (const auto& line : change.over) spdlog::info("event=finding_over {}", line);
    for (const auto& line : change.begun) spdlog::warn("event=finding {}", line);
}

}  // namespace sluice::loop
