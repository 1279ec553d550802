// One request's life, from its head to its end: match, rewrite, split, pick, forward, relay, retry
// or refuse. The coroutine suspends in one place; everything else is plain steps over the
// Downstream and Upstream seams, so it is the same for every protocol. docs/life-of-a-request.md
// has the same headings.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/balance/pick.h"
#include "proxy/exchange/account.h"
#include "proxy/exchange/downstream.h"
#include "proxy/exchange/pace.h"
#include "proxy/exchange/services.h"
#include "proxy/filter/rewrite.h"
#include "proxy/net/task.h"
#include "proxy/upstream/splice.h"
#include "table/limits.h"

namespace sluice::exchange {

struct Refusal;

// The head stands in services.scratch.request; or it was refused for `refused`, and only an answer
// is due.
net::Task run_exchange(Services& services, Downstream& client, Reason refused);

// The state of one exchange; lives in run_exchange's frame.
class Exchange final : private PinOwner {
public:
    Exchange(Services& services, Downstream& client)
        : services_(services), client_(client), account_(services) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // Everything before the first wait: afterwards no view into the head is left.
    void begin(Reason refused);
    // Moves both directions as far as they go. Returns what to wait for; 0 = the exchange is over.
    net::Wake move();
    // Gives memory up and sets the clock before a wait for `wants`.
    void rest(net::Wake wants);
    // The clock ran out, and other bits of `fired` may say that something moves.
    void expire(net::Wake fired);
    void finish();
    // Code of this exchange runs from enter() to leave().
    void enter() { account_.enter(); }
    void leave() { account_.leave(); }

private:
    enum class Phase : uint8_t {
        connecting,  // an upstream is leased, its connect is under way
        forwarding,  // the request goes out, no response head yet
        relaying,    // the response head is committed
        answering,   // a local answer is staged
        ended,
    };
    // Who alone holds the exchange up, and with what.
    enum class Awaited : uint8_t { nobody, request_body, reader, response_body };

    // --- admit.cc: head to staged request
    void admit();
    bool route(const http::RequestHead& head);
    Reason rewrite_fields(http::RequestHead& head);
    void stage_request(http::RequestHead& head);
    void refuse_for_good(Reason reason);
    void refuse_route(const http::RequestHead& head, bool host_known);
    void redirect(const http::RequestHead& head);
    void keep_request_id(http::RequestHead& head);

    // --- choose.cc: rule to upstream
    bool open();
    Reason choose_backend();
    bool lease();
    bool lease_one(Failure& failure);
    void release_upstream(bool reusable, bool failed);
    void let_go() override;

    // --- relay.cc: bytes both ways
    net::Wake move_request();
    net::Wake move_response();
    net::Wake read_response_head();
    bool commit_head();
    void pass_interim();
    void spend(size_t bytes) { budget_ -= std::min(budget_, bytes); }
    net::Wake splice_request();
    net::Wake splice_response();
    Io write_request_span();
    Io send_request_span();
    Io write_response_span();
    Io send_response_span();

    // --- exchange.cc: ends
    net::Wake move_answer();
    void fail(const Failure& failure);
    bool retry(const Failure& failure);
    void refuse(Reason reason, std::string_view detail = {});
    void answer(Refusal& refusal);
    int64_t phase_deadline();
    Failure expired_clock() const;

    // --- slow.cc: peers that move too little
    Awaited awaited(net::Wake wants) const;
    void set_pace(net::Wake wants);
    void judge_pace(bool moves);

    Services& services_;
    Downstream& client_;
    Account account_;
    Pin routes_{*this};                  // until the response head is committed
    const table::Rule* rule_ = nullptr;  // valid while routes_ is
    const table::Match* match_ = nullptr;
    std::unique_ptr<filter::Edits> kept_edits_;  // of the response, when routes_ had to go early
    upstream::Upstream* upstream_ = nullptr;
    uint64_t backend_key_ = 0;
    uint32_t backend_ = table::kNone;  // index, valid while routes_ is
    table::BalancePolicy policy_ = table::BalancePolicy::least_requests;
    balance::Tried tried_;

    std::string_view request_span_;  // read from the client, not yet taken by the upstream
    std::string_view response_span_;
    upstream::Splice request_splice_;  // of the bodies' long rests
    upstream::Splice response_splice_;
    http::BodyFraming request_body_;

    // Copies of the rule's clocks, nanoseconds; they outlive the pin.
    int64_t connect_ns_ = 0;
    int64_t first_byte_ns_ = 0;
    int64_t idle_ns_ = 0;
    int64_t total_at_ = net::kNever;
    int64_t first_byte_at_ = net::kNever;  // set when the wait for the first body byte begins
    int64_t phase_at_ = net::kNever;       // the clock of the phase runs out
    Pace pace_;                            // of who is awaited

    size_t budget_ = 0;  // bytes that this loop turn may still move
    Reason outcome_ = Reason::ok;
    Phase phase_ = Phase::ended;
    Awaited awaited_ = Awaited::nobody;
    uint8_t interim_ = 0;
    uint8_t request_id_bytes_ = 0;
    bool ai_ = false;
    bool is_head_ = false;
    bool idempotent_ = false;
    bool request_last_ = false;  // request_span_ is the final one
    bool request_sent_ = false;
    bool request_broken_ = false;  // the upstream takes no more of it, but may still answer
    bool body_begun_ = false;      // of the response: a first byte came
    bool body_sized_ = false;      // its head said how long it is
    bool judged_ = false;          // no byte came, only the pace was looked at
    bool response_last_ = false;
    bool last_answer_ = false;  // the head was no request: nothing more is read
    std::array<char, limits::kRequestIdBytes> request_id_;
};

}  // namespace sluice::exchange
