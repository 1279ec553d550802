// Bytes both ways: one loop per direction, each stops where its source or its sink says again.
// Back-pressure is not asking for the source.
#include "proxy/exchange/exchange.h"
#include "proxy/filter/rewrite.h"
#include "proxy/http/hop.h"
#include "proxy/http/rule.h"

namespace sluice::exchange {

namespace {

// Others wait while one exchange moves: this much each way a turn, a few bulk blocks.
constexpr size_t kTurnBytes = 4 * limits::kBulkBytes;
constexpr uint16_t kContinueStatus = 100;
constexpr uint16_t kSwitchingStatus = 101;
constexpr uint16_t kFirstErrorStatus = 400;

}  // namespace

net::Wake Exchange::move() {
    for (;;) {
        if (phase_ == Phase::ended) return 0;
        if (phase_ == Phase::answering) return move_answer();
        // Nobody waits for the answer any more: FIN after a whole request, or an upload that will
        // never be whole (design 10.14).
        if ((client_.source().bits & net::kGone) != 0) {
            fail(client_.departure());
            continue;
        }
        const upstream::Upstream* const with = upstream_;
        net::Wake wants = move_request();
        if (with == upstream_ && phase_ != Phase::connecting) wants |= move_response();
        // Over, or failed: then answered, or begun anew with another upstream.
        if (with != upstream_ || phase_ == Phase::ended) continue;
        return wants | net::kClientGone;
    }
}

// ## The request
net::Wake Exchange::move_request() {
    budget_ = kTurnBytes;
    if (phase_ == Phase::connecting) {
        const Io io = upstream_->try_connect();
        if (io == Io::again) return net::kUpstreamWritable;
        if (io == Io::closed) {
            fail(upstream_->failure());
            return 0;
        }
        phase_ = Phase::forwarding;
        account_.connected();
        account_.phase(live::Phase::forwarding);
    }
    while (!request_sent_ && !request_broken_) {
        if (request_span_.empty() && !request_last_) {
            if (request_splice_.worth()) {
                if (const net::Wake wants = splice_request(); wants != 0) return wants;
                if (request_broken_) break;
            }
            const Io io = client_.try_read_body(request_span_, request_last_);
            if (io == Io::again) {
                const bool waits = upstream_->try_flush() == Io::again;
                return net::kClientReadable | (waits ? net::kUpstreamWritable : net::Wake{0});
            }
            if (io == Io::closed) {
                fail(client_.failure());
                return 0;
            }
        }
        if (budget_ == 0) return net::kTurn;
        const Io io = write_request_span();
        if (io == Io::again) return net::kUpstreamWritable;
        // The endpoint may have answered early and closed: its answer is still worth reading.
        if (io == Io::closed) request_broken_ = true;
        if (io == Io::done && request_last_) {
            request_sent_ = true;
            account_.request_sent();
        }
    }
    return 0;
}

// The long rest of an upload of known length goes past us; 0: go on by reading.
net::Wake Exchange::splice_request() {
    using Stop = upstream::Splice::Stop;
    uint64_t delivered = 0;
    const Stop stop = request_splice_.move(
        client_.plain_stream(), upstream_->plain_stream(), services_.pipes, budget_, delivered
    );
    account_.body_in(delivered);
    if (stop == Stop::from_again) return net::kClientReadable;
    if (stop == Stop::to_again) return net::kUpstreamWritable;
    if (stop == Stop::budget) return net::kTurn;
    if (stop == Stop::to_closed) request_broken_ = true;
    return 0;  // a read finds out why the client's side is closed
}

Io Exchange::write_request_span() {
    const size_t before = request_span_.size();
    spend(before);
    const Io io = send_request_span();
    account_.body_in(before - request_span_.size());
    return io;
}

Io Exchange::send_request_span() {
    const std::string_view trailers = request_last_ ? client_.trailers() : std::string_view();
    if (trailers.empty()) return upstream_->try_write_body(request_span_, request_last_);
    if (!request_span_.empty()) {
        const Io io = upstream_->try_write_body(request_span_, false);
        if (io != Io::done) return io;
    }
    return upstream_->try_write_trailers(trailers);
}

// ## The response
net::Wake Exchange::move_response() {
    budget_ = kTurnBytes;
    while (phase_ == Phase::forwarding) {
        const net::Wake wants = read_response_head();
        if (wants != 0) return wants;
    }
    while (phase_ == Phase::relaying) {
        if (response_span_.empty() && !response_last_) {
            if (response_splice_.worth()) {
                if (const net::Wake wants = splice_response(); wants != 0) return wants;
                if (phase_ != Phase::relaying) return 0;
            }
            const Io io = upstream_->try_read_body(response_span_, response_last_);
            if (io == Io::closed) {
                fail(upstream_->failure());
                return 0;
            }
            body_begun_ = body_begun_ || !response_span_.empty();
            if (io == Io::again) {
                const Io flushed = client_.try_flush();
                if (flushed == Io::done) return net::kUpstreamReadable;
                if (flushed == Io::again) return net::kUpstreamReadable | net::kClientWritable;
                fail(client_.failure());
                return 0;
            }
        }
        if (budget_ == 0) return net::kTurn;
        const Io io = write_response_span();
        if (io == Io::again) return net::kClientWritable;
        if (io == Io::closed) {
            fail(client_.failure());
            return 0;
        }
        if (response_last_) phase_ = Phase::ended;
    }
    return 0;
}

// As splice_request; 0 also when the client is gone.
net::Wake Exchange::splice_response() {
    using Stop = upstream::Splice::Stop;
    uint64_t delivered = 0;
    const Stop stop = response_splice_.move(
        upstream_->plain_stream(), client_.plain_stream(), services_.pipes, budget_, delivered
    );
    account_.body_out(delivered);
    body_begun_ = body_begun_ || delivered > 0;
    if (stop == Stop::from_again) return net::kUpstreamReadable;
    if (stop == Stop::to_again) return net::kClientWritable;
    if (stop == Stop::budget) return net::kTurn;
    if (stop == Stop::to_closed) {
        fail({.side = upstream::Side::client, .reason = Reason::client_gone});
    }
    return 0;
}

Io Exchange::write_response_span() {
    const size_t before = response_span_.size();
    spend(before);
    const Io io = send_response_span();
    account_.body_out(before - response_span_.size());
    return io;
}

Io Exchange::send_response_span() {
    const bool trailers =
        response_last_ && client_.accepts_trailers() && !upstream_->trailers().empty();
    if (!trailers) return client_.try_write_body(response_span_, response_last_);
    if (!response_span_.empty()) {
        const Io io = client_.try_write_body(response_span_, false);
        if (io != Io::done) return io;
    }
    return client_.try_write_trailers(upstream_->trailers());
}

net::Wake Exchange::read_response_head() {
    http::ResponseHead& head = services_.scratch.response;
    const Io io = upstream_->try_read_head(is_head_, head);
    if (io == Io::again) {
        const Io flushed = client_.try_flush();  // an interim answer may be staged
        return flushed == Io::again ? net::kUpstreamReadable | net::kClientWritable
                                    : net::kUpstreamReadable;
    }
    if (io == Io::closed) {
        fail(upstream_->failure());
        return 0;
    }
    account_.first_byte();
    if (head.interim()) {
        pass_interim();
    } else if (commit_head()) {
        phase_ = Phase::relaying;
    }
    return 0;
}

void Exchange::pass_interim() {
    http::ResponseHead& head = services_.scratch.response;
    Failure failure{upstream::Side::upstream, Reason::upstream_garbage};
    failure.answered = true;
    const bool counts = http::enforced(http::GateRule::interim_count);
    if (++interim_ > limits::kInterimResponses && counts) {
        failure.reason = Reason::too_many_interim;
    } else if (head.status == kSwitchingStatus && http::enforced(http::GateRule::switching)) {
        // Upgrades are not forwarded, so nobody asked to switch protocols.
        failure.broken_rule = Reason::upgrade_unsupported;
    } else {
        failure.broken_rule = http::strip_hop_by_hop(head.fields);
    }
    const bool too_many = failure.reason == Reason::too_many_interim;
    if (too_many || failure.broken_rule != Reason::ok) return fail(failure);
    // We answered the client's expectation ourselves.
    if (head.status == kContinueStatus || client_.stage_interim(head)) return;
    failure.broken_rule = Reason::head_too_large;
    fail(failure);
}

// The answer is decided here: from now on nothing can be retried and the routes are not needed any
// more.
bool Exchange::commit_head() {
    http::ResponseHead& head = services_.scratch.response;
    Failure failure{upstream::Side::upstream, Reason::upstream_garbage};
    failure.answered = true;
    failure.broken_rule = http::strip_hop_by_hop(head.fields);
    if (failure.broken_rule != Reason::ok) {
        fail(failure);
        return false;
    }
    Reason full =
        kept_edits_
            ? filter::edit(*kept_edits_, head.fields)
            : filter::edit(
                  routes_->view, routes_->view.conduct_of(*rule_).response_edits, head.fields
              );
    if (head.fields.find(http::FieldId::x_request_id) == nullptr) {
        const std::string_view id(request_id_.data(), request_id_bytes_);
        if (!head.fields.add("x-request-id", id, http::FieldId::x_request_id)) {
            full = Reason::too_many_fields;
        }
    }
    // An early refusal ends the connection, because the rest of the request will not be read.
    const bool refuses_early = head.status >= kFirstErrorStatus && !client_.request_complete() &&
                               http::enforced(http::GateRule::unread_body);
    const bool close = services_.sheds_clients() || refuses_early;
    if (full != Reason::ok || !client_.stage_head(head, head.body, close)) {
        failure.broken_rule = full != Reason::ok ? full : Reason::head_too_large;
        fail(failure);
        return false;
    }
    response_splice_.expect(head.body);
    body_sized_ = head.body.kind == http::Framing::length;
    routes_.release();
    account_.answered(head.status);
    account_.phase(live::Phase::relaying);
    return true;
}

}  // namespace sluice::exchange
