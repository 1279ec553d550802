// What exchanges use of their worker. One worker has one; everything in it outlives every exchange.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "proxy/exchange/pressure.h"
#include "proxy/exchange/tables.h"
#include "proxy/http/message.h"
#include "proxy/http/trusted.h"
#include "proxy/live/counters.h"
#include "proxy/live/journal.h"
#include "proxy/live/loads.h"
#include "proxy/live/log_ring.h"
#include "proxy/net/frames.h"
#include "proxy/net/pipe.h"
#include "proxy/net/turns.h"
#include "proxy/net/wheel.h"
#include "proxy/upstream/upstream.h"
#include "table/limits.h"
#include "table/reason.h"

namespace sluice::exchange {

// Draws for splits, picks and request ids; not for secrets (xorshift128+).
class Random {
public:
    explicit Random(uint64_t seed) : a_(seed | 1), b_(seed * 0x9e3779b97f4a7c15ull + 1) {}
    uint64_t draw() {
        uint64_t x = a_;
        const uint64_t y = b_;
        a_ = y;
        x ^= x << 23;
        b_ = x ^ y ^ (x >> 17) ^ (y >> 26);
        return b_ + y;
    }

private:
    uint64_t a_;
    uint64_t b_;
};

static_assert(static_cast<size_t>(Reason::kCount) <= live::kReasonCells);

// How connections ended that no exchange accounts for, by reason; in the worker's live record.
class Tally {
public:
    explicit Tally(live::WorkerRecord& record) : record_(record) {}
    void end(Reason reason) {
        live::Count& count = record_.ended[static_cast<size_t>(reason)];
        count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }

private:
    live::WorkerRecord& record_;
};

// Where log records go and what they hold; no writer: nothing is logged.
struct AccessLog {
    live::LogWriter* writer = nullptr;
    int wake = -1;                              // eventfd of the reader
    uint16_t worker = 0;                        // whose records these are
    uint32_t sample = 1;                        // one in so many of the requests that went well
    std::span<const std::string> headers = {};  // lower case, at most live::kLogHeaders

    // Tells the reader when it has to hurry. As LogWriter's. REQUIRES: writer.
    void append(const live::LogFacts& facts, std::string_view first, std::string_view rest) const;
};

// Heads live here while they are parsed, matched and rewritten: never across a suspension.
struct HeadScratch {
    http::RequestHead request;
    http::ResponseHead response;
    http::Scratch text;  // of the request's rewrite
    http::Scratch response_text;
};

// How long a client may take for what it alone can do (docs/attrition.md).
struct Patience {
    int64_t head_ns = 10'000'000'000;  // from a request head's first byte to its last
    // Of a body that it sends or reads, on average over a window; 0: no matter how slow.
    uint64_t bytes_per_second = limits::kPaceBytesPerSecond;
};

struct Services {
    net::FramePool& frames_pool;
    net::Wheel& wheel;
    net::Turns& turns;
    Tables& tables;
    live::Loads& loads;
    live::Counters& counters;
    live::Journal& journal;
    upstream::Upstreams& upstreams;
    HeadScratch& scratch;
    Random& random;
    Tally& tally;
    net::PipePool& pipes;
    AccessLog log;
    const int64_t& now;     // CLOCK_MONOTONIC ns, refreshed once per loop turn
    bool draining = false;  // answers close their connection
    const http::TrustedHops& trusted = http::TrustedHops::none();  // --trusted-hop
    Patience patience = {};

    Pressure pressure = {};

    net::FramePool& frames() { return frames_pool; }
    // Answers close their connection.
    bool sheds_clients() const { return draining || pressure.at(Step::close); }
};

}  // namespace sluice::exchange
