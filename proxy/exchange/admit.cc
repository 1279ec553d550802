// Head to staged request: everything that reads the head, done before the first wait.
#include <algorithm>
#include <cstring>

#include "proxy/exchange/error.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/reply.h"
#include "proxy/filter/rewrite.h"
#include "proxy/http/hop.h"
#include "proxy/http/rule.h"
#include "proxy/route/match.h"
#include "proxy/route/near_miss.h"

namespace sluice::exchange {

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr size_t kNearMissBytes = 400;

}  // namespace

void Exchange::begin(Reason refused) {
    account_.describe_caller(client_.caller().source);
    if (refused == Reason::ok) {
        admit();
    } else {
        last_answer_ = true;
        refuse(refused);
    }
}

// ## The life of a request, up to its first byte upstream
void Exchange::admit() {
    http::RequestHead& head = services_.scratch.request;
    is_head_ = head.is_head;
    idempotent_ = head.is_idempotent;
    request_body_ = head.body;
    request_splice_.expect(head.body);
    ai_ = is_ai_path(head.path);
    keep_request_id(head);
    account_.describe(head);
    if (services_.pressure.refuses(services_.journal.open_count())) {
        return refuse(Reason::overloaded);
    }
    if (head.wants_upgrade && http::enforced(http::GateRule::upgrade)) {
        return refuse_for_good(Reason::upgrade_unsupported);
    }
    if (!route(head)) return;
    if (routes_->view.conduct_of(*rule_).redirect != table::kNone) return redirect(head);
    stage_request(head);
}

// Who sends such a head may mean something else by what follows it: nothing more is read.
void Exchange::refuse_for_good(Reason reason) {
    last_answer_ = http::enforced(http::GateRule::refused_reuse);
    refuse(reason);
}

void Exchange::keep_request_id(http::RequestHead& head) {
    const std::string_view id = http::ensure_request_id(
        head, services_.random.draw(), services_.random.draw(), services_.scratch.text
    );
    request_id_bytes_ = static_cast<uint8_t>(std::min(id.size(), request_id_.size()));
    std::memcpy(request_id_.data(), id.data(), request_id_bytes_);
}

bool Exchange::route(const http::RequestHead& head) {
    routes_.take(services_.tables);
    if (!routes_) {
        refuse(Reason::table_absent);
        return false;
    }
    const route::Matched matched = route::match(routes_->view, routes_->regexes, head);
    if (matched.rule == nullptr) {
        refuse_route(head, matched.host_known);
        return false;
    }
    rule_ = matched.rule;
    match_ = matched.match;
    account_.route(routes_->slot_of(*rule_), rule_->key_low);
    const table::Conduct& conduct = routes_->view.conduct_of(*rule_);
    ai_ = ai_ || conduct.ai != 0;
    connect_ns_ = conduct.connect_ms * kNsPerMs;
    first_byte_ns_ = conduct.first_byte_ms * kNsPerMs;
    idle_ns_ = conduct.idle_ms * kNsPerMs;
    if (conduct.request_ms != 0) total_at_ = services_.now + conduct.request_ms * kNsPerMs;
    return true;
}

void Exchange::refuse_route(const http::RequestHead& head, bool host_known) {
    std::array<char, kNearMissBytes> words;
    const size_t length = route::near_miss(routes_->view, head, words.data(), words.size());
    refuse(host_known ? Reason::no_route : Reason::no_host, {words.data(), length});
}

void Exchange::redirect(const http::RequestHead& head) {
    const filter::Location to = filter::redirect(
        routes_->view, *rule_, *match_, head, client_.peer().scheme, services_.scratch.text
    );
    if (to.reason != Reason::ok) return refuse(to.reason);
    Refusal refusal;
    refusal.reason = Reason::redirected;
    refusal.location = to.location;
    refusal.status = to.status;
    answer(refusal);
}

// What goes upstream instead of what came: hop-by-hop out, forwarded and request id in, the rule's
// edits last.
Reason Exchange::rewrite_fields(http::RequestHead& head) {
    if (const Reason bad = http::strip_hop_by_hop(head.fields); bad != Reason::ok) return bad;
    head.fields.drop(http::FieldId::expect);
    const Reason full = http::rebuild_forwarded(head, client_.peer(), services_.scratch.text);
    if (full != Reason::ok) return full;
    return filter::edit(routes_->view, routes_->view.conduct_of(*rule_).request_edits, head.fields);
}

// A request that is refused here has cost no connection.
void Exchange::stage_request(http::RequestHead& head) {
    if (const Reason bad = rewrite_fields(head); bad != Reason::ok) return refuse_for_good(bad);
    const filter::Target to =
        filter::rewrite(routes_->view, *rule_, *match_, head, services_.scratch.text);
    if (to.reason != Reason::ok) return refuse(to.reason);
    if (!open()) return;
    if (!upstream_->stage_head(head, to.target, to.authority, request_body_)) {
        return refuse(Reason::head_too_large);
    }
    phase_ = Phase::connecting;
    account_.phase(live::Phase::connecting);
}

}  // namespace sluice::exchange
