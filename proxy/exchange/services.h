// What exchanges use of their worker. One worker has one; everything in it outlives every exchange.
#pragma once

#include <array>
#include <cstdint>

#include "proxy/exchange/tables.h"
#include "proxy/http/message.h"
#include "proxy/live/loads.h"
#include "proxy/net/frames.h"
#include "proxy/net/turns.h"
#include "proxy/net/wheel.h"
#include "proxy/upstream/upstream.h"
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

// How exchanges ended, by reason; ok = a whole answer of an upstream.
struct Tally {
    std::array<uint64_t, static_cast<size_t>(Reason::kCount)> ended{};
    uint64_t retries = 0;
    void end(Reason reason) { ++ended[static_cast<size_t>(reason)]; }
};

// Heads live here while they are parsed, matched and rewritten: never across a suspension.
struct HeadScratch {
    http::RequestHead request;
    http::ResponseHead response;
    http::Scratch text;  // of the request's rewrite
    http::Scratch response_text;
};

struct Services {
    net::FramePool& frames_pool;
    net::Wheel& wheel;
    net::Turns& turns;
    Tables& tables;
    live::Loads& loads;
    upstream::Upstreams& upstreams;
    HeadScratch& scratch;
    Random& random;
    Tally& tally;
    const int64_t& now;     // CLOCK_MONOTONIC ns, refreshed once per loop turn
    bool draining = false;  // answers close their connection

    net::FramePool& frames() { return frames_pool; }
};

}  // namespace sluice::exchange
