// Peers that move, but too little: who alone is waited for, and whether it keeps up. The clocks of
// the phases are blind to one byte a second.
#include <algorithm>

#include "proxy/exchange/exchange.h"
#include "table/limits.h"

namespace sluice::exchange {

namespace {

constexpr int64_t kWindowNs = limits::kPaceWindowMs * 1'000'000;
constexpr int64_t kGlanceNs = 1'000'000'000;  // most readers go on sooner and cost no system call

}  // namespace

// ## Slow peers
// An endpoint owes a pace only for a body whose length it has said: that is there to be sent, while
// streams are made as they go (design 7). Whoever talks while it is answered may take its time.
Exchange::Awaited Exchange::awaited(net::Wake wants) const {
    if ((wants & net::kTurn) != 0) return Awaited::nobody;
    if (phase_ == Phase::forwarding) {
        const bool sends = (wants & net::kClientReadable) != 0;
        const bool alone = (wants & net::kUpstreamWritable) == 0;
        return sends && alone ? Awaited::request_body : Awaited::nobody;
    }
    if (phase_ != Phase::relaying) return Awaited::nobody;
    if ((wants & net::kClientWritable) != 0) return Awaited::reader;
    const bool reads = (wants & net::kUpstreamReadable) != 0;
    return reads && body_begun_ && body_sized_ ? Awaited::response_body : Awaited::nobody;
}

// What a reader has taken is the kernel's to know.
void Exchange::set_pace(net::Wake wants) {
    const Awaited whom = awaited(wants);
    if (whom != awaited_) pace_.stop();
    awaited_ = whom;
    if (whom == Awaited::nobody) return;
    if (whom == Awaited::response_body) {
        return pace_.wait(services_.now, idle_ns_, account_.bytes_out());
    }
    if (services_.patience.bytes_per_second == 0) return;
    if (whom == Awaited::reader) return pace_.wait_unseen(services_.now, kGlanceNs, kWindowNs);
    // What is sent without a length is made as it goes (speech, say) and may pause as a stream may.
    const bool is_stream = request_body_.kind == http::Framing::chunked;
    const int64_t window_ns = is_stream ? std::max(kWindowNs, idle_ns_) : kWindowNs;
    pace_.wait(services_.now, window_ns, account_.bytes_in());
}

// A window is over. A reader that takes something begins its idle clock anew, which saw nothing of
// it: the kernel says "writable" only when a good part of its buffer is free.
void Exchange::judge_pace(bool moves) {
    const bool is_upstream = awaited_ == Awaited::response_body;
    uint64_t moved = is_upstream ? account_.bytes_out() : account_.bytes_in();
    if (awaited_ == Awaited::reader) {
        const int64_t taken = client_.acknowledged();
        moved = taken < 0 ? account_.bytes_out() : static_cast<uint64_t>(taken);
    }
    const uint64_t least =
        is_upstream ? limits::kPaceBytesPerSecond : services_.patience.bytes_per_second;
    if (pace_.keeps_up(services_.now, moved, least)) {
        judged_ = !moves && awaited_ != Awaited::reader;
        return;
    }
    using upstream::Side;
    if (is_upstream) {
        fail({.side = Side::upstream, .reason = Reason::upstream_too_slow, .answered = true});
    } else {
        fail({.side = Side::client, .reason = Reason::client_too_slow});
    }
}

}  // namespace sluice::exchange
