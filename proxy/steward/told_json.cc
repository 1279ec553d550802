// What was found out, as JSON.
#include <algorithm>

#include "proxy/net/address.h"
#include "proxy/steward/json_writer.h"
#include "proxy/steward/tallies.h"
#include "proxy/steward/told.h"

namespace sluice::steward {
namespace {

constexpr size_t kEndpointsListed = 100;

std::string_view kind_text(HostKind kind) {
    constexpr std::string_view kTexts[] = {"exact", "wildcard", "any"};
    return kTexts[static_cast<size_t>(kind)];
}

std::string_view kind_text(table::PathKind kind) {
    constexpr std::string_view kTexts[] = {"exact", "prefix", "regex"};
    return kTexts[static_cast<size_t>(kind)];
}

std::string_view kind_text(table::PredicateKind kind) {
    constexpr std::string_view kTexts[] = {
        "method", "header_exact", "header_regex", "query_exact", "query_regex"
    };
    return kTexts[static_cast<size_t>(kind)];
}

std::string_view outcome_text(Reason reason) {
    if (reason == Reason::ok) return "forwarded";
    return reason == Reason::redirected ? "redirected" : "refused";
}

class Writer {
public:
    Writer(const Told& told, const live::Mapping& mapping) : told_(told), mapping_(mapping) {}

    std::string write() {
        json_.open('{').field("generation", told_.table->generation);
        json_.field("outcome", outcome_text(told_.reason));
        json_.field("reason", reason_text(told_.reason));
        if (!told_.near_miss.empty()) json_.field("message", told_.near_miss);
        if (told_.is_parsed) write_request();
        if (told_.is_parsed && told_.table->routes) write_candidates();
        if (told_.matched.rule != nullptr) write_rule(*told_.matched.rule);
        if (told_.reason == Reason::redirected) {
            json_.key("redirect").open('{').field("status", told_.location.status);
            json_.field("location", told_.location.location).close('}');
        }
        if (told_.reason == Reason::ok) write_upstream();
        json_.close('}');
        out_ += '\n';
        return std::move(out_);
    }

private:
    const table::RoutesView& routes() const { return told_.table->routes->view; }
    std::string_view text(table::Text place) const { return routes().text(place); }

    void write_request() {
        const http::RequestHead& head = told_.head;
        json_.key("request").open('{');
        json_.field("method", head.method).field("target", head.target);
        json_.field("host", head.host).field("path", head.path);
        json_.key("canonical").boolean(head.target_is_canonical).close('}');
    }

    void write_candidates() {
        const Candidates& all = told_.candidates;
        json_.key("tried").open('[');
        for (const Candidate& candidate : all.tried) write_candidate(candidate);
        json_.close(']').field("tried_more", all.more);
    }

    void write_candidate(const Candidate& candidate) {
        const table::Match& match = *candidate.match;
        json_.open('{').field("rule", routes().name(routes().rules()[match.rule]));
        json_.field("host_kind", kind_text(candidate.host_kind));
        json_.field("host", routes().name(*candidate.host));
        json_.field("path_kind", kind_text(candidate.path_kind));
        json_.field("path", path_of(candidate)).key("holds").boolean(candidate.holds());
        if (candidate.missed != nullptr) {
            const table::Predicate& missed = *candidate.missed;
            json_.key("missed").open('{').field("kind", kind_text(missed.kind));
            if (missed.name.length != 0) json_.field("name", text(missed.name));
            json_.field("wanted", text(missed.value)).close('}');
        } else if (candidate.path_missed) {
            json_.key("missed").open('{').field("kind", "path_regex");
            json_.field("wanted", path_of(candidate)).close('}');
        }
        json_.close('}');
    }

    // Of a candidate by path it is the beginning of the request's.
    std::string_view path_of(const Candidate& candidate) const {
        const table::Match& match = *candidate.match;
        if (candidate.path_kind == table::PathKind::regex) {
            return text(routes().regexes()[routes().regex_of(match)].pattern);
        }
        if (candidate.path_kind == table::PathKind::exact) return told_.head.path;
        return told_.head.path.substr(0, match.path_length);
    }

    void write_rule(const table::Rule& rule) {
        const table::Conduct& conduct = routes().conduct_of(rule);
        const bool in_turn = conduct.policy == table::BalancePolicy::round_robin;
        json_.key("rule").open('{').field("name", routes().name(rule));
        json_.field("balance", in_turn ? "round_robin" : "least_requests");
        json_.key("timeouts_ms").open('{');
        json_.field("connect", conduct.connect_ms).field("first_byte", conduct.first_byte_ms);
        json_.field("idle", conduct.idle_ms).field("request", conduct.request_ms).close('}');
        write_splits(rule);
        json_.close('}');
    }

    bool is_usable(const table::Split& split) const {
        if (split.backend == table::kNone) return true;
        const table::Backend& backend = routes().backends()[split.backend];
        return !endpoints_of(*told_.table, backend).endpoints.empty();
    }

    // The share of what is usable: the others' goes to it in proportion.
    void write_splits(const table::Rule& rule) {
        const auto splits = routes().splits_of(rule);
        uint64_t total = 0;
        for (const table::Split& split : splits) total += is_usable(split) ? split.weight : 0;
        json_.key("splits").open('[');
        for (const table::Split& split : splits) {
            const bool usable = is_usable(split);
            json_.open('{');
            if (split.backend == table::kNone) {
                json_.field("answer", reason_text(static_cast<Reason>(split.reason)));
            } else {
                json_.field("backend", text(routes().backends()[split.backend].name));
            }
            json_.field("weight", split.weight).key("usable").boolean(usable);
            const double share = usable ? static_cast<double>(split.weight) : 0;
            json_.key("share").fraction(total == 0 ? 0 : share / static_cast<double>(total));
            json_.close('}');
        }
        json_.close(']');
    }

    void write_upstream() {
        const table::Backend& backend = routes().backends()[told_.backend];
        const EndpointSet set = endpoints_of(*told_.table, backend);
        json_.key("upstream").open('{').field("backend", text(backend.name));
        json_.field("target", told_.target.target).field("authority", told_.target.authority);
        json_.key("endpoint");
        write_endpoint(set, told_.picked);
        json_.key("endpoints").open('[');
        const size_t listed = std::min(set.endpoints.size(), kEndpointsListed);
        for (size_t i = 0; i < listed; ++i) write_endpoint(set, i);
        json_.close(']').field("endpoints_more", set.endpoints.size() - listed).close('}');
    }

    void write_endpoint(const EndpointSet& set, size_t index) {
        const table::Endpoint& endpoint = set.endpoints[index];
        json_.open('{').field("name", told_.table->endpoints->view.text(endpoint.name));
        json_.field("address", net::with_port({endpoint.address, endpoint.port}));
        json_.field("in_flight", endpoint_in_flight(mapping_, set.slots[index])).close('}');
    }

    const Told& told_;
    const live::Mapping& mapping_;
    std::string out_;
    JsonWriter json_{out_};
};

}  // namespace

std::string json_of(const Told& told, const live::Mapping& mapping) {
    return Writer(told, mapping).write();
}

}  // namespace sluice::steward
