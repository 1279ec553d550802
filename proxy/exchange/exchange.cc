// The coroutine, and how an exchange ends.
#include "proxy/exchange/exchange.h"

#include <algorithm>
#include <array>
#include <span>

#include "proxy/exchange/error.h"
#include "proxy/exchange/reply.h"
#include "proxy/http/rule.h"
#include "proxy/http/write.h"

namespace sluice::exchange {

namespace {

constexpr int64_t kAnswerNs = 10'000'000'000;  // for the client to take a local answer
constexpr size_t kWordsBytes = 128;

bool answers_client_fault(Reason reason) {
    return reason != Reason::client_gone && reason != Reason::client_body_incomplete &&
           reason != Reason::client_write_timeout;
}

// What a failure says beyond its reason; "" when that is all.
std::string_view details_of(const Failure& failure, std::span<char> room) {
    if (failure.broken_rule == Reason::ok) return {};
    http::HeadWriter words(room.data(), room.size());
    words.put("The endpoint's answer is not lawful HTTP (");
    words.put(reason_text(failure.broken_rule));
    words.put(").");
    return words.text();
}

}  // namespace

// # The life of a request
net::Task run_exchange(Services& services, Downstream& client, Reason refused) {
    Exchange exchange(services, client);
    exchange.enter();
    exchange.begin(refused);
    for (net::Wake wants = exchange.move(); wants != 0; wants = exchange.move()) {
        exchange.rest(wants);
        exchange.leave();
        const net::Wake fired = co_await client.waiter().wake(wants | net::kDeadline);
        exchange.enter();
        if ((fired & net::kDeadline) != 0) exchange.expire(fired);
    }
    exchange.finish();
    exchange.leave();
}

void Exchange::rest(net::Wake wants) {
    if ((wants & net::kTurn) != 0) services_.turns.later(client_.waiter());
    if (request_splice_.worth()) request_splice_.rest(services_.pipes);
    if (response_splice_.worth()) response_splice_.rest(services_.pipes);
    client_.rest(!request_span_.empty());
    if (upstream_ != nullptr) {
        upstream_->rest(!response_span_.empty(), phase_ != Phase::relaying);
    }
    set_pace(wants);
    if (awaited_ == Awaited::request_body) upstream_->shrink();
    if (!judged_) phase_at_ = phase_deadline();
    judged_ = false;
    const int64_t first = std::min(phase_at_, total_at_);
    services_.wheel.set(client_.deadline(), std::min(first, pace_.ends_at()));
}

// The clock for the first byte runs once, from the end of the request; the others begin anew with
// each wait, because something has moved before it.
int64_t Exchange::phase_deadline() {
    if (phase_ == Phase::connecting) return services_.now + connect_ns_;
    if (phase_ == Phase::answering) return services_.now + kAnswerNs;
    if (body_begun_ || !client_.request_complete()) return services_.now + idle_ns_;
    if (first_byte_at_ == net::kNever) first_byte_at_ = services_.now + first_byte_ns_;
    return first_byte_at_;
}

// Which clock ran out: the total first, then the one of the phase.
Failure Exchange::expired_clock() const {
    using upstream::Side;
    if (services_.now >= total_at_) {
        return {.side = Side::upstream, .reason = Reason::request_timeout, .answered = true};
    }
    if (phase_ == Phase::connecting) {
        return {.side = Side::upstream, .reason = Reason::connect_timeout, .never_connected = true};
    }
    const bool client_reads_slowly =
        !response_span_.empty() || response_last_ || response_splice_.holds();
    if (phase_ == Phase::relaying && client_reads_slowly) {
        return {.side = Side::client, .reason = Reason::client_write_timeout};
    }
    const bool client_sends_slowly = !client_.request_complete() && request_span_.empty() &&
                                     !request_last_ && !request_splice_.holds();
    if (phase_ == Phase::forwarding && client_sends_slowly) {
        return {.side = Side::client, .reason = Reason::client_body_timeout};
    }
    const Reason reason = body_begun_ ? Reason::upstream_idle_timeout : Reason::first_byte_timeout;
    return {.side = Side::upstream, .reason = reason, .answered = phase_ == Phase::relaying};
}

void Exchange::expire(net::Wake fired) {
    if (phase_ == Phase::ended) return;
    if (phase_ == Phase::answering) {
        client_.abort({.side = upstream::Side::client, .reason = Reason::client_write_timeout});
        phase_ = Phase::ended;
        return;
    }
    if (services_.now < std::min(phase_at_, total_at_)) {
        return judge_pace(fired != net::kDeadline);
    }
    fail(expired_clock());
}

// ## Failures
void Exchange::fail(const Failure& failure) {
    if (retry(failure)) return;
    release_upstream(false, failure.side == upstream::Side::upstream);
    const bool committed = phase_ == Phase::relaying;
    const bool answerable =
        failure.side != upstream::Side::client || answers_client_fault(failure.reason);
    if (!committed && answerable) {
        std::array<char, kWordsBytes> room;
        return refuse(failure.reason, details_of(failure, room));
    }
    outcome_ = failure.reason;
    client_.abort(failure);
    phase_ = Phase::ended;
}

// Another endpoint, if repeating is lawful. What was staged moves over; what was only read is still
// in the span.
bool Exchange::retry(const Failure& failure) {
    if (upstream_ == nullptr || phase_ == Phase::relaying || phase_ == Phase::answering)
        return false;
    const Attempt attempt{idempotent_, upstream_->replayable(), tried_.count};
    if (!may_retry(failure, attempt)) return false;
    upstream::Upstream* const failed = upstream_;
    client_.waiter().upstream = nullptr;
    client_.lend(nullptr);
    upstream_ = nullptr;
    account_.release(true);
    request_splice_.rest(services_.pipes);
    // A refused lease has answered already; either way the failure is dealt with.
    if (lease()) {
        failed->replay_into(*upstream_);
        phase_ = Phase::connecting;
        request_sent_ = request_broken_ = false;
        account_.phase(live::Phase::connecting);
    }
    services_.upstreams.give_back(*failed, false);
    return true;
}

// ## Local answers
void Exchange::refuse(Reason reason, std::string_view detail) {
    Refusal refusal;
    refusal.reason = reason;
    refusal.detail = detail;
    answer(refusal);
}

void Exchange::answer(Refusal& refusal) {
    release_upstream(false, false);
    outcome_ = refusal.reason;
    total_at_ = net::kNever;
    request_span_ = {};  // nobody takes it any more: its block may go, and so may what is piped
    request_splice_.end(services_.pipes);
    refusal.ai = ai_;
    refusal.request_id = {request_id_.data(), request_id_bytes_};
    // A request that was not read to its end leaves bytes that must not be taken for the next one.
    const bool unread = !client_.request_complete() && http::enforced(http::GateRule::unread_body);
    refusal.close = services_.sheds_clients() || last_answer_ || unread;
    refusal.retry_after_s = services_.pressure.retry_after_s(services_.now);
    const bool staged = stage_refusal(client_, refusal, services_.scratch.response);
    routes_.release();
    phase_ = staged ? Phase::answering : Phase::ended;
    account_.phase(live::Phase::answering);
    if (staged) account_.answered(refusal.status != 0 ? refusal.status : status_of(refusal.reason));
    if (!staged) client_.abort({.side = upstream::Side::gateway, .reason = refusal.reason});
}

net::Wake Exchange::move_answer() {
    const Io io = client_.try_flush();
    // A reset shows as writable too; a FIN alone changes nothing, the client may still read.
    if (io == Io::again && !client_.reclaimed()) return net::kClientWritable;
    if (io == Io::again) client_.abort(client_.departure());
    if (io == Io::closed) client_.abort(client_.failure());
    phase_ = Phase::ended;
    return 0;
}

void Exchange::finish() {
    services_.wheel.set(client_.deadline(), net::kNever);
    release_upstream(response_last_ && request_sent_, false);
    if (request_splice_.worth()) request_splice_.end(services_.pipes);
    if (response_splice_.worth()) response_splice_.end(services_.pipes);
    routes_.release();
    account_.close(outcome_, {request_id_.data(), request_id_bytes_});
}

}  // namespace sluice::exchange
