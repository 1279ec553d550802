// The wiring and the loop of one worker.
#include "proxy/worker/worker.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <sys/random.h>
#include <unistd.h>

#include "proxy/live/clock.h"
#include "proxy/net/wheel.h"
#include "proxy/worker/connections.h"
#include "proxy/worker/overload.h"
#include "proxy/worker/tables_channel.h"

namespace sluice::worker {

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kHousekeepingNs = 1'000'000'000;
// The supervisor looks every 125 ms and calls a worker stuck after six looks without a beat
// (proxy/supervisor/watch.cc).
constexpr int64_t kHeartbeatNs = 150'000'000;

uint64_t random_seed() {
    uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = static_cast<uint64_t>(live::monotonic_ns());
    return seed;
}

void set(live::Word& word, size_t value) {
    word.store(static_cast<uint32_t>(value), std::memory_order_relaxed);
}

void set(live::Count& count, uint64_t value) {
    count.store(value, std::memory_order_relaxed);
}

// All parts of a worker, in the order in which they may be destroyed from the bottom up.
class Worker final : private Orders {
public:
    Worker(const Settings& settings, live::Mapping mapping, http::TrustedHops trusted)
        : settings_(settings), mapping_(std::move(mapping)), trusted_(std::move(trusted)) {
        begin_record();
        services_.log = {
            settings.log ? &log_writer_ : nullptr,
            settings.log_wake,
            static_cast<uint16_t>(settings.index),
            settings.log_sample,
            settings.log_headers,
        };
        offer_listeners();
        // First the table, which is there already if the pod has one: nobody is served without it.
        channel_.start(settings.channel);
        adopt(settings.index);
        housekeeping();
        heartbeat();
    }

    int run() {
        while (!channel_.closed() && !(services_.draining && connections_.open() == 0)) {
            poller_.wait(timeout_ms());
            now_ = live::monotonic_ns();
            poller_.dispatch();
            wheel_.advance(now_);
            turns_.run();
            poller_.reclaim();
            overload_.after_batch();
            set(record_.beat, ++beat_);
        }
        return 0;
    }

    net::FramePool& frames() { return frames_; }

private:
    void drain() override { connections_.drain(); }
    void adopt(uint32_t worker) override { connections_.adopt(worker); }
    void release(uint32_t worker) override { connections_.release(worker); }

    void offer_listeners() {
        const std::vector<uint32_t>& proxied = settings_.proxy_listeners;
        const uint32_t per_worker = settings_.listeners_per_worker;
        for (uint32_t i = 0; i < settings_.listeners.size(); ++i) {
            const uint32_t place = i % per_worker;
            const bool speaks = std::find(proxied.begin(), proxied.end(), place) != proxied.end();
            connections_.offer(i / per_worker, settings_.listeners[i], speaks);
        }
    }

    int timeout_ms() const {
        if (!turns_.empty()) return 0;
        const int64_t next = wheel_.next();
        if (next == net::kNever) return -1;
        const int64_t wait_ns = std::max<int64_t>(next - live::monotonic_ns(), 0);
        return static_cast<int>((wait_ns + kNsPerMs - 1) / kNsPerMs);
    }

    void begin_record() {
        set(record_.pid, static_cast<size_t>(::getpid()));
        set(record_.started_ns, static_cast<uint64_t>(now_));
        set(record_.generation, 0);
    }

    void report() {
        set(record_.connections, connections_.open());
        set(record_.upstreams, pool_.open());
        set(record_.mapped, tables_.mapped());
        set(record_.mapped_most, tables_.mapped_most());
        set(record_.accepted, accepted_before_ + connections_.accepted());
        set(record_.dialed, dialed_before_ + pool_.opened());
    }

    // Once a second: idle upstream connections expire, and memory that a burst left behind goes.
    net::Detached housekeeping() {
        for (;;) {
            wheel_.set(housekeeping_deadline_, now_ + kHousekeepingNs);
            co_await housekeeping_waiter_.wake(net::kDeadline);
            pool_.sweep();
            blocks_.trim();
            pipes_.trim();
        }
    }

    // Turns the loop even when nothing comes: the supervisor watches that it turns.
    net::Detached heartbeat() {
        for (;;) {
            report();
            overload_.look_soon();
            wheel_.set(heartbeat_deadline_, now_ + kHeartbeatNs);
            co_await heartbeat_waiter_.wake(net::kDeadline);
        }
    }

    const Settings& settings_;
    live::Mapping mapping_;
    const http::TrustedHops trusted_;
    live::WorkerRecord& record_ = mapping_.worker(settings_.index);
    const uint64_t accepted_before_ = record_.accepted.load(std::memory_order_relaxed);
    const uint64_t dialed_before_ = record_.dialed.load(std::memory_order_relaxed);
    uint64_t beat_ = record_.beat.load(std::memory_order_relaxed);
    int64_t now_ = live::monotonic_ns();
    net::FramePool frames_;
    net::BlockPool blocks_;
    net::PipePool pipes_;
    net::Poller poller_;
    net::Wheel wheel_{now_};
    net::Turns turns_;
    live::Loads loads_{mapping_, settings_.index};
    live::Counters counters_{mapping_, settings_.index};
    live::Journal journal_{mapping_, settings_.index};
    live::LogWriter log_writer_{mapping_, settings_.index};
    exchange::Tables tables_{loads_, random_seed()};
    upstream::Pool pool_{poller_, blocks_, now_};
    exchange::Random random_{random_seed()};
    exchange::Tally tally_{record_};
    std::unique_ptr<exchange::HeadScratch> scratch_ = std::make_unique<exchange::HeadScratch>();
    exchange::Services services_{
        frames_,
        wheel_,
        turns_,
        tables_,
        loads_,
        counters_,
        journal_,
        pool_,
        *scratch_,
        random_,
        tally_,
        pipes_,
        {},
        now_,
        false,
        trusted_,
        {settings_.head_timeout_s * kNsPerSecond, settings_.client_min_rate},
    };
    net::Waiter housekeeping_waiter_;
    net::Deadline housekeeping_deadline_{housekeeping_waiter_};
    net::Waiter heartbeat_waiter_;
    net::Deadline heartbeat_deadline_{heartbeat_waiter_};
    ClientConnections connections_{
        services_,
        poller_,
        blocks_,
        limits::kConnections,
        settings_.connections_per_source,
    };
    MemoryReader memory_{settings_.memory.cgroup};
    Overload overload_{
        settings_.memory,
        {services_, blocks_, poller_, pool_, connections_, record_, memory_},
        settings_.index,
    };
    TablesChannel channel_{services_, poller_, pool_, record_, settings_.index, *this};
};

// The supervisor has checked what people say: this is about our own words.
int cannot(const Settings& settings, const std::string& why) {
    std::fprintf(stderr, "sluice-proxy: worker %u: %s\n", settings.index, why.c_str());
    return 1;
}

}  // namespace

int run(const Settings& settings) {
    auto mapping = live::Mapping::attach(settings.live);
    if (!mapping) return cannot(settings, mapping.error());
    if (settings.index >= mapping->sizes().workers) {
        return cannot(settings, "an index beyond the live state");
    }
    auto trusted = http::TrustedHops::parse(settings.trusted);
    if (!trusted) return cannot(settings, trusted.error());
    // On the heap: a worker's parts are larger than what belongs on a stack. It is never destroyed,
    // because suspended coroutines still refer to it when the process ends.
    static Worker* const worker = new Worker(settings, std::move(*mapping), std::move(*trusted));
    return worker->run();
}

}  // namespace sluice::worker
