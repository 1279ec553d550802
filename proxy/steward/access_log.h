// The access log: a thread that takes records out of the workers' rings, makes one JSON line of
// each and writes them to a sink. A sink that blocks, fails or is full stops nobody but this
// thread: rings fill, workers drop and count; lines that the sink refused are counted here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "proxy/live/mapping.h"
#include "proxy/steward/steward.h"

namespace sluice::steward {

// Read by the metrics; written by the log's thread.
struct LogTally {
    std::atomic<uint64_t> written{0};  // lines that the sink took
    std::atomic<uint64_t> refused{0};  // lines that it did not
    std::atomic<uint64_t> bytes{0};
    std::atomic<uint64_t> lost{0};  // exchanges that died with a worker (their lines count above)
};

class AccessLog {
public:
    // Starts the thread; a sink that cannot be opened is said once on standard error and tried
    // again each second. `wake` is an eventfd that workers write to. Both outlive this.
    AccessLog(const LogSettings& settings, const live::Mapping& mapping, int wake);
    // As stop(), with no patience.
    ~AccessLog();
    AccessLog(const AccessLog&) = delete;
    AccessLog& operator=(const AccessLog&) = delete;

    // The file is opened anew before the next line. Any thread.
    void reopen();
    // Writes what stands in the rings, at most for `patience_ms`, then ends the thread (or leaves
    // it behind in a sink that blocks). Called once.
    void stop(int64_t patience_ms);
    const LogTally& tally() const;

private:
    class Thread;
    std::unique_ptr<Thread> thread_;
};

}  // namespace sluice::steward
