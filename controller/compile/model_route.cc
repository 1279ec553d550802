// Each rule of a ModelRoute is one rule of the table; each of its matches stands once per host. The
// smallest unit that is wrong is refused: a hostname, a match, else the rule.
#include "controller/compile/model_route.h"

#include <set>
#include <string>
#include <utility>

#include "controller/compile/clocks.h"
#include "controller/compile/filters.h"
#include "controller/compile/hosts.h"
#include "controller/compile/match.h"
#include "controller/compile/shares.h"
#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

using model::in_quotes;
using Done = tl::expected<void, Refusal>;

tl::unexpected<Refusal> refused(std::string field, Reason reason, std::string message) {
    return tl::unexpected<Refusal>(Refusal{std::move(field), reason, std::move(message)});
}

class RoutePass {
public:
    RoutePass(const Drafting& work, const model::ModelRoute& route) : work_(work), route_(route) {}

    void run() {
        read_hosts();
        for (size_t i = 0; i < route_.rules.size(); ++i) {
            const Done done = add_rule(route_.rules[i], i);
            if (!done) report().refuse(done.error());
        }
    }

private:
    ObjectReport& report() const { return work_.draft.report; }

    // A route that names hosts, all of them wrong, must not become a route for any host.
    void read_hosts() {
        if (route_.hostnames.empty()) hosts_.emplace_back();
        for (size_t i = 0; i < route_.hostnames.size(); ++i) {
            const std::string& hostname = route_.hostnames[i];
            auto host = canonical_host(hostname);
            if (!host || host->empty()) {
                const std::string complaint = host ? "must not be empty" : host.error();
                report().refuse(
                    "spec.hostnames[" + std::to_string(i) + "]",
                    Reason::invalid_field,
                    in_quotes(hostname) + " " + complaint
                );
                continue;
            }
            hosts_.push_back(std::move(*host));
        }
    }

    Done add_rule(const model::RouteRule& rule, size_t index) {
        const std::string field = "spec.rules[" + std::to_string(index) + "]";
        DraftRule draft;
        draft.name = rule.name.empty() ? std::to_string(index) : rule.name;
        draft.field = field;
        if (!names_.insert(draft.name).second) {
            return refused(
                field + ".name",
                Reason::conflict,
                in_quotes(draft.name) + " is the name of an earlier rule of this route: rename one"
            );
        }
        draft.spec.ai = true;
        draft.spec.policy = rule.policy == model::LoadBalancingPolicy::round_robin
                                ? table::BalancePolicy::round_robin
                                : table::BalancePolicy::least_requests;
        set_default_clocks(draft.spec);
        if (Done done = set_clocks(draft.spec, rule.timeouts, field); !done) return done;
        if (Done done = set_filters(draft.spec, rule.filters, field); !done) return done;
        if (Done done = check_backends(rule, draft.spec, field); !done) return done;
        for (size_t i = 0; i < rule.backend_refs.size(); ++i) {
            add_backend(draft, rule.backend_refs[i], i);
        }
        report_weights(draft);
        if (!finish(work_.draft, draft)) return {};
        work_.draft.rules.push_back(std::move(draft));
        add_matches(rule, field);
        return {};
    }

    Done check_backends(
        const model::RouteRule& rule, const table::RuleSpec& spec, const std::string& field
    ) const {
        const auto& refs = rule.backend_refs;
        if (spec.redirect && !refs.empty()) {
            return refused(
                field + ".backendRefs",
                Reason::invalid_field,
                "are never asked beside a redirect: remove one of the two"
            );
        }
        if (refs.size() > limits::kSplitsPerRule) {
            return refused(
                field + ".backendRefs",
                Reason::too_many_objects,
                "names " + std::to_string(refs.size()) + " backends: at most " +
                    std::to_string(limits::kSplitsPerRule) + " are allowed"
            );
        }
        for (size_t i = 0; i < refs.size(); ++i) {
            if (refs[i].weight >= 0 && refs[i].weight <= static_cast<int64_t>(limits::kWeight)) {
                continue;
            }
            return refused(
                field + ".backendRefs[" + std::to_string(i) + "].weight",
                Reason::invalid_field,
                std::to_string(refs[i].weight) + " is out of range: from 0 to " +
                    std::to_string(limits::kWeight) + " are allowed"
            );
        }
        return {};
    }

    void add_backend(DraftRule& draft, const model::BackendRef& ref, size_t index) {
        const std::string field = draft.field + ".backendRefs[" + std::to_string(index) + "]";
        const auto weight = static_cast<uint32_t>(ref.weight);
        if (ref.kind == "Service") {
            add_share(work_, draft, {ref.name, ref.port, weight, field});
            return;
        }
        report().unresolved(
            field + ".kind",
            Reason::unsupported_value,
            in_quotes(ref.kind) + " is not supported: use Service"
        );
        const std::string& ns = work_.draft.key.ns;
        draft.shares.push_back(
            {.weight = weight, .name = ref.kind + " " + ns + "/" + ref.name + ":" + ref.port}
        );
    }

    void report_weights(const DraftRule& draft) {
        if (draft.spec.redirect) return;
        const std::string field = draft.field + ".backendRefs";
        if (draft.shares.empty()) {
            report().unresolved(
                field,
                Reason::backend_not_found,
                "names no backend: requests are answered 500; add one, or a redirect"
            );
            return;
        }
        for (const DraftShare& share : draft.shares) {
            if (share.weight > 0) return;
        }
        report().warn(
            field, Reason::no_weight, "have no weight above 0: requests are answered 500"
        );
    }

    void add_matches(const model::RouteRule& rule, const std::string& field) {
        if (rule.matches.empty()) return place(Match{}, field);
        for (size_t i = 0; i < rule.matches.size(); ++i) {
            const std::string at = field + ".matches[" + std::to_string(i) + "]";
            auto match = compile_match(rule.matches[i], at);
            if (!match) {
                report().refuse(match.error());
                continue;
            }
            if (!can_replace_prefix(*match)) {
                report().refuse(
                    at + ".path.type",
                    Reason::unsupported_value,
                    "replacePrefixMatch of this rule needs a path of type PathPrefix"
                );
                continue;
            }
            place(*match, at);
        }
    }

    bool can_replace_prefix(const Match& match) const {
        if (match.path_kind == table::PathKind::prefix) return true;
        return !needs_prefix(work_.draft.rules.back().spec);
    }

    void place(const Match& match, const std::string& field) {
        for (const std::string& host : hosts_) {
            Candidate candidate;
            candidate.rule = static_cast<uint32_t>(work_.draft.rules.size() - 1);
            candidate.field = field;
            candidate.host = host;
            candidate.path_kind = match.path_kind;
            candidate.path = match.path;
            candidate.predicates = match.predicates;
            work_.draft.candidates.push_back(std::move(candidate));
        }
    }

    const Drafting& work_;
    const model::ModelRoute& route_;
    std::vector<std::string> hosts_;
    std::set<std::string> names_;
};

}  // namespace

void compile_model_route(const Drafting& work, const model::ModelRoute& route) {
    RoutePass(work, route).run();
}

}  // namespace sluice::compile
