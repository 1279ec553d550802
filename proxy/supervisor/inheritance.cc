// Sockets, the shared mapping, and the words that tell each child where its descriptors are.
#include "proxy/supervisor/inheritance.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include <sys/eventfd.h>

#include "table/limits.h"

namespace sluice::supervisor {
namespace {

constexpr int kFirstOwn = 6;  // behind channel, live mapping and eventfd

live::Sizes sizes_of(const Settings& settings) {
    live::Sizes sizes;
    sizes.workers = settings.workers;
    sizes.load_slots = limits::kLoadSlots;
    sizes.counter_slots = limits::kCounterSlots;
    sizes.buckets = limits::kBuckets;
    sizes.journal_records = limits::kExchanges;
    sizes.lost_records = limits::kLostExchanges;
    sizes.log_ring_bytes = limits::kLogRingBytes;
    return sizes;
}

std::vector<listen::Wanted> wanted(const Settings& settings) {
    std::vector<listen::Wanted> all;
    for (const std::string& each : settings.listen) all.push_back({"--listen", each});
    for (const std::string& each : settings.listen_proxy) all.push_back({"--listen-proxy", each});
    return all;
}

tl::expected<void, std::string> bind_admin(const Settings& settings, Inheritance& inheritance) {
    for (const std::string& each : settings.admin) {
        auto bound = listen::bind_one({"--admin", each});
        if (!bound) return tl::unexpected<std::string>(bound.error());
        inheritance.admin.push_back(std::move(*bound));
    }
    if (settings.admin_path.empty()) return {};
    auto socket = table::listen_at(settings.admin_path, table::SocketKind::stream);
    if (!socket) return tl::unexpected<std::string>("--admin-socket: " + socket.error().message);
    inheritance.admin_socket = std::move(*socket);
    return {};
}

tl::expected<void, std::string> share(const Settings& settings, Inheritance& inheritance) {
    int memory = -1;
    auto live = live::Mapping::create(sizes_of(settings), memory);
    if (!live) return tl::unexpected<std::string>(live.error());
    inheritance.live = std::move(*live);
    inheritance.live_memory = table::Descriptor(memory);
    inheritance.log_wake = table::Descriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (inheritance.log_wake) return {};
    return tl::unexpected<std::string>(std::string("eventfd: ") + std::strerror(errno));
}

// Words and descriptors that every child begins with.
void begin(Child& child, const char* role, const Inheritance& inheritance) {
    child.arguments = {role, "--channel", "3", "--live", "4", "--log-wake", "5"};
    child.inherited = {inheritance.live_memory.get(), inheritance.log_wake.get()};
}

void append(std::vector<std::string>& words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
}

}  // namespace

tl::expected<Inheritance, std::string> bind(const Settings& settings) {
    listen::raise_descriptor_limit();
    Inheritance inheritance;
    auto listeners = listen::bind_all(wanted(settings), settings.workers);
    if (!listeners) return tl::unexpected<std::string>(listeners.error());
    inheritance.listeners = std::move(*listeners);
    auto control = table::listen_at(settings.control_path);
    if (!control) return tl::unexpected<std::string>("--socket: " + control.error().message);
    inheritance.control = std::move(*control);
    if (auto done = bind_admin(settings, inheritance); !done) {
        return tl::unexpected<std::string>(done.error());
    }
    if (auto done = share(settings, inheritance); !done) {
        return tl::unexpected<std::string>("live state: " + done.error());
    }
    return inheritance;
}

Child make_steward(const Settings& settings, const Inheritance& inheritance) {
    Child steward;
    steward.name = "steward";
    begin(steward, "steward", inheritance);
    int place = kFirstOwn;
    for (const listen::Bound& admin : inheritance.admin) {
        steward.inherited.push_back(admin.socket.get());
        append(steward.arguments, {"--admin", std::to_string(place++)});
    }
    if (inheritance.admin_socket) {
        steward.inherited.push_back(inheritance.admin_socket.get());
        append(steward.arguments, {"--admin-socket", std::to_string(place)});
    }
    append(steward.arguments, settings.steward_arguments);
    return steward;
}

std::vector<Child> make_workers(const Settings& settings, const Inheritance& inheritance) {
    const size_t per_worker = inheritance.listeners.addresses.size();
    std::vector<int> sockets;
    for (const auto& of_one : inheritance.listeners.sockets) {
        for (const table::Descriptor& socket : of_one) sockets.push_back(socket.get());
    }
    std::vector<std::string> words{"--first-listener", std::to_string(kFirstOwn)};
    append(words, {"--listeners", std::to_string(sockets.size())});
    append(words, {"--listeners-per-worker", std::to_string(per_worker)});
    for (size_t i = settings.listen.size(); i < per_worker; ++i) {
        append(words, {"--proxy-listener", std::to_string(i)});
    }
    append(words, settings.worker_arguments);
    std::vector<Child> workers(inheritance.listeners.sockets.size());
    for (size_t i = 0; i < workers.size(); ++i) {
        Child& worker = workers[i];
        worker.name = "worker " + std::to_string(i);
        begin(worker, "worker", inheritance);
        append(worker.arguments, {"--index", std::to_string(i)});
        append(worker.arguments, words);
        worker.inherited.insert(worker.inherited.end(), sockets.begin(), sockets.end());
    }
    return workers;
}

std::string suspect_of(const live::Mapping& live, uint32_t worker, int64_t now_ns) {
    const uint32_t current = live.worker(worker).current;
    const std::span<live::JournalRecord> journal = live.journal(worker);
    if (current == 0 || current > journal.size()) return "";
    const live::JournalRecord& record = journal[current - 1];
    if (record.phase == live::Phase::free) return "";
    // Whatever stands there: the worker may have died of writing where it should not.
    const int64_t start_ns = std::clamp<int64_t>(record.start_ns, 0, now_ns);
    const int64_t ran_ms = (now_ns - start_ns) / 1'000'000;
    char text[64];
    std::snprintf(text, sizeof text, "%016" PRIx64 ", %" PRId64 " ms", record.rule_key, ran_ms);
    return std::string("; it was moving one of rule key ") + text + " old";
}

}  // namespace sluice::supervisor
