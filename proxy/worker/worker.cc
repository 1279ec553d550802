// The wiring and the loop of one worker.
#include "proxy/worker/worker.h"

#include <algorithm>
#include <ctime>
#include <memory>

#include <sys/random.h>

#include "proxy/net/wheel.h"
#include "proxy/worker/connections.h"
#include "proxy/worker/tables_channel.h"

namespace sluice::worker {

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kHousekeepingNs = 1'000'000'000;

int64_t monotonic_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

uint64_t random_seed() {
    uint64_t seed = 0;
    if (::getrandom(&seed, sizeof seed, 0) != sizeof seed)
        seed = static_cast<uint64_t>(monotonic_ns());
    return seed;
}

// All parts of a worker, in the order in which they may be destroyed from the bottom up.
class Worker {
public:
    explicit Worker(const Settings& settings)
        : channel_(services_, poller_, pool_, settings.index, [this] { connections_.drain(); }) {
        for (const int fd : settings.listeners) connections_.listen(fd);
        channel_.start(settings.channel);
        housekeeping();
    }

    int run() {
        while (!channel_.closed() && !(services_.draining && connections_.open() == 0)) {
            poller_.wait(timeout_ms());
            now_ = monotonic_ns();
            poller_.dispatch();
            wheel_.advance(now_);
            turns_.run();
            poller_.reclaim();
        }
        return 0;
    }

    net::FramePool& frames() { return frames_; }

private:
    int timeout_ms() const {
        if (!turns_.empty()) return 0;
        const int64_t next = wheel_.next();
        if (next == net::kNever) return -1;
        const int64_t wait_ns = std::max<int64_t>(next - monotonic_ns(), 0);
        return static_cast<int>((wait_ns + kNsPerMs - 1) / kNsPerMs);
    }

    // Once a second: idle upstream connections expire, and memory that a burst left behind goes.
    net::Detached housekeeping() {
        for (;;) {
            wheel_.set(housekeeping_deadline_, now_ + kHousekeepingNs);
            co_await housekeeping_waiter_.wake(net::kDeadline);
            pool_.sweep();
            blocks_.trim();
        }
    }

    int64_t now_ = monotonic_ns();
    net::FramePool frames_;
    net::BlockPool blocks_;
    net::Poller poller_;
    net::Wheel wheel_{now_};
    net::Turns turns_;
    live::Loads loads_;
    exchange::Tables tables_{loads_, random_seed()};
    upstream::Pool pool_{poller_, blocks_, now_};
    exchange::Random random_{random_seed()};
    exchange::Tally tally_;
    std::unique_ptr<exchange::HeadScratch> scratch_ = std::make_unique<exchange::HeadScratch>();
    exchange::Services services_{
        frames_, wheel_, turns_, tables_, loads_, pool_, *scratch_, random_, tally_, now_
    };
    net::Waiter housekeeping_waiter_;
    net::Deadline housekeeping_deadline_{housekeeping_waiter_};
    ClientConnections connections_{services_, poller_, blocks_};
    TablesChannel channel_;
};

}  // namespace

int run(const Settings& settings) {
    // On the heap: a worker's parts are larger than what belongs on a stack. It is never destroyed,
    // because suspended coroutines still refer to it when the process ends.
    static Worker* const worker = new Worker(settings);
    return worker->run();
}

}  // namespace sluice::worker
