// The steps of proxy/exchange, taken over one head without a connection.
#include "proxy/steward/explain.h"

#include <array>

#include "proxy/http/h1_codec.h"
#include "proxy/http/hop.h"
#include "proxy/live/loads.h"
#include "proxy/route/near_miss.h"
#include "proxy/route/split.h"
#include "proxy/steward/question.h"
#include "proxy/steward/told.h"

namespace sluice::steward {
namespace {

constexpr size_t kNearMissBytes = 400;

// The gate's verdict over the bytes.
Reason parse(Told& told) {
    size_t scanned = 0;
    const http::Parsed parsed = http::parse_request(told.bytes, scanned, told.scratch, told.head);
    if (parsed.state == http::Parse::refused) return parsed.reason;
    // The bytes end with a blank line: what wants more of them is longer than a head may be.
    if (parsed.state == http::Parse::need_more) return Reason::head_too_large;
    told.is_parsed = true;
    return told.head.wants_upgrade ? Reason::upgrade_unsupported : Reason::ok;
}

Reason match(Told& told, const route::Regexes& regexes) {
    const table::RoutesView& view = told.table->routes->view;
    told.candidates = candidates(view, regexes, told.head);
    told.matched = route::match(view, regexes, told.head);
    if (told.matched.rule != nullptr) return Reason::ok;
    std::array<char, kNearMissBytes> words;
    told.near_miss.assign(
        words.data(), route::near_miss(view, told.head, words.data(), words.size())
    );
    return told.matched.host_known ? Reason::no_route : Reason::no_host;
}

Reason redirect(Told& told) {
    const route::Matched& matched = told.matched;
    told.location = filter::redirect(
        told.table->routes->view, *matched.rule, *matched.match, told.head, "http", told.rewritten
    );
    return told.location.reason == Reason::ok ? Reason::redirected : told.location.reason;
}

bool redirects(const Told& told) {
    const table::RoutesView& view = told.table->routes->view;
    return view.conduct_of(*told.matched.rule).redirect != table::kNone;
}

Reason rewrite(Told& told) {
    const table::RoutesView& view = told.table->routes->view;
    http::FieldList& fields = told.head.fields;
    if (const Reason bad = http::strip_hop_by_hop(fields); bad != Reason::ok) return bad;
    fields.drop(http::FieldId::expect);
    const Reason full =
        filter::edit(view, view.conduct_of(*told.matched.rule).request_edits, fields);
    if (full != Reason::ok) return full;
    told.target =
        filter::rewrite(view, *told.matched.rule, *told.matched.match, told.head, told.rewritten);
    return told.target.reason;
}

Reason choose(Told& told, const live::Loads& loads, uint64_t draw) {
    const table::RoutesView& view = told.table->routes->view;
    const table::Rule& rule = *told.matched.rule;
    const auto has_endpoints = [&](const table::Backend& backend) {
        return !endpoints_of(*told.table, backend).endpoints.empty();
    };
    const auto split_draw = static_cast<uint32_t>(draw >> 32);
    const table::Split* const split = route::choose_usable(view, rule, split_draw, has_endpoints);
    if (split == nullptr) return Reason::no_endpoints;
    if (split->backend == table::kNone) return static_cast<Reason>(split->reason);
    told.backend = split->backend;
    const EndpointSet set = endpoints_of(*told.table, view.backends()[told.backend]);
    told.endpoints = set.endpoints;
    balance::RoundRobinState turn{static_cast<uint32_t>(draw)};
    told.picked = balance::pick(view.conduct_of(rule).policy, set.slots, loads, {}, turn, draw);
    return told.picked == balance::kNoPick ? Reason::no_endpoints : Reason::ok;
}

}  // namespace

EndpointSet endpoints_of(const Table& table, const table::Backend& backend) {
    if (!table.endpoints) return {};
    const EndpointsPart& part = *table.endpoints;
    const auto endpoints = part.view.find(backend.key);
    if (endpoints.empty()) return {};
    const size_t first = part.view.index(endpoints.front());
    return {endpoints, std::span(part.slots).subspan(first, endpoints.size())};
}

Explainer::Explainer(const live::Mapping& mapping, const Current& current)
    : mapping_(mapping), current_(current), random_(std::random_device{}()) {}

// Patterns are compiled once a generation, and those of the one before are shared.
const route::Regexes& Explainer::regexes_of(const std::shared_ptr<const RoutesPart>& routes) {
    if (compiled_ != routes) {
        regexes_ = route::Regexes::of(routes->view, compiled_ ? &regexes_ : nullptr);
        compiled_ = routes;
    }
    return regexes_;
}

Response Explainer::answer(std::string_view query) {
    auto bytes = head_asked(query);
    if (!bytes) return refusal(400, "bad_question", bytes.error());
    const auto told = std::make_unique<Told>();
    told->bytes = std::move(*bytes);
    told->table = current_.get();
    told->reason = parse(*told);
    // Rules may ask for it, and every request has one before it is matched.
    if (told->is_parsed) http::ensure_request_id(told->head, random_(), random_(), told->scratch);
    if (told->reason == Reason::ok && !told->table->routes) told->reason = Reason::table_absent;
    if (told->reason == Reason::ok) told->reason = match(*told, regexes_of(told->table->routes));
    if (told->reason == Reason::ok && redirects(*told)) {
        told->reason = redirect(*told);
    } else if (told->reason == Reason::ok) {
        told->reason = rewrite(*told);
        const live::Loads loads(mapping_, 0);  // reads of all workers, writes of none
        if (told->reason == Reason::ok) told->reason = choose(*told, loads, random_());
    }
    return {.type = "application/json", .body = json_of(*told, mapping_)};
}

}  // namespace sluice::steward
