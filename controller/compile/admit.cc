// One walk over all candidates in the order of precedence: first come, first served.
#include "controller/compile/admit.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "controller/compile/specificity.h"
#include "controller/model/checks.h"
#include "table/key.h"

namespace sluice::compile {
namespace {

using model::in_quotes;

// Equal for candidates that would match exactly the same requests. Each part with its length, so
// that no text can imitate another's parts.
std::string identity(const Candidate& candidate) {
    std::string text;
    const auto add = [&text](std::string_view part) {
        text += std::to_string(part.size()) + ':';
        text += part;
    };
    add(candidate.host);
    text += static_cast<char>('0' + static_cast<int>(candidate.path_kind));
    add(candidate.path);
    for (const table::PredicateSpec& predicate : candidate.predicates) {
        text += static_cast<char>('0' + static_cast<int>(predicate.kind));
        add(predicate.name);
        add(predicate.value);
    }
    return text;
}

std::string describe_path(const Candidate& candidate) {
    const std::string shown =
        in_quotes(candidate.path.empty() ? std::string_view("/") : candidate.path);
    switch (candidate.path_kind) {
        case table::PathKind::exact:
            return "exact path " + shown;
        case table::PathKind::prefix:
            return "path prefix " + shown;
        case table::PathKind::regex:
            return "path pattern " + shown;
    }
    return shown;
}

std::string describe_host(const std::string& host) {
    return host.empty() ? "any host" : "host " + in_quotes(host);
}

std::string describe(const Candidate& candidate) {
    std::string text = describe_path(candidate) + " on " + describe_host(candidate.host);
    if (!candidate.predicates.empty()) text += " with the same conditions";
    return text;
}

class Gatekeeper {
public:
    Gatekeeper(Compilation& work, const Caps& caps)
        : work_(work), draft_(work.draft), caps_(caps), rule_states_(draft_.rules.size()) {}

    Admission run() {
        order_candidates();
        for (const size_t candidate : order_) consider(candidate);
        return conclude();
    }

private:
    enum class RuleState : uint8_t { unseen, admitted, refused };
    struct Seat {
        size_t candidate;
        size_t turn;  // when it was admitted
    };
    struct Host {
        std::vector<Seat> seats;
        size_t regexes = 0;
    };

    const Owner& owner_of(const Candidate& candidate) const {
        return draft_.owners[draft_.rules[candidate.rule].owner];
    }

    void refuse(const Candidate& candidate, Reason reason, const std::string& message) {
        work_.report.refuse(owner_of(candidate).report, candidate.field, reason, message);
    }

    // Default backends last; then older objects first; then as the object's text has it.
    void order_candidates() {
        std::vector<size_t> owners(draft_.owners.size());
        std::iota(owners.begin(), owners.end(), size_t{0});
        std::sort(owners.begin(), owners.end(), [&](size_t a, size_t b) {
            return draft_.owners[a].precedence < draft_.owners[b].precedence;
        });
        std::vector<size_t> owner_rank(owners.size());
        for (size_t i = 0; i < owners.size(); ++i) owner_rank[owners[i]] = i;

        order_.resize(draft_.candidates.size());
        std::iota(order_.begin(), order_.end(), size_t{0});
        const auto place = [&](size_t index) {
            const Candidate& candidate = draft_.candidates[index];
            return std::make_tuple(
                candidate.fallback, owner_rank[draft_.rules[candidate.rule].owner], index
            );
        };
        std::sort(order_.begin(), order_.end(), [&](size_t a, size_t b) {
            return place(a) < place(b);
        });
    }

    void consider(size_t index) {
        const Candidate& candidate = draft_.candidates[index];
        std::string key = identity(candidate);
        const auto taken = winners_.find(key);
        if (taken != winners_.end()) return report_conflict(candidate, taken->second);
        if (!has_room(candidate) || !admit_rule(candidate)) return;
        winners_.emplace(std::move(key), index);
        Host& host = hosts_[candidate.host];
        host.seats.push_back({index, host.seats.size()});
        if (candidate.path_kind == table::PathKind::regex) ++host.regexes;
    }

    // A rule that asks for the same twice gets it once and needs no telling.
    void report_conflict(const Candidate& loser, size_t winner_index) {
        const Candidate& winner = draft_.candidates[winner_index];
        if (winner.rule == loser.rule) return;
        const Owner& first = owner_of(winner);
        const std::string place = model::to_string(first.key) + " (" + winner.field + ")";
        if (loser.fallback && !winner.fallback) {
            return refuse(
                loser,
                Reason::conflict,
                "is never reached: " + place + " takes every request that nothing else matches"
            );
        }
        const std::string_view why = why_first(first.precedence, owner_of(loser).precedence);
        const std::string what = loser.fallback ? "the default backend" : describe(loser);
        refuse(loser, Reason::conflict, what + " belongs to " + place + ", " + std::string(why));
    }

    bool has_room(const Candidate& candidate) {
        const auto at = hosts_.find(candidate.host);
        if (at == hosts_.end()) {
            if (hosts_.size() < caps_.hosts) return true;
            return full(candidate, caps_.hosts, "hosts");
        }
        const std::string where = describe_host(candidate.host);
        if (at->second.seats.size() >= caps_.matches_per_host) {
            return full(candidate, caps_.matches_per_host, "matches for " + where);
        }
        const bool is_regex = candidate.path_kind == table::PathKind::regex;
        if (is_regex && at->second.regexes >= caps_.regexes_per_host) {
            return full(candidate, caps_.regexes_per_host, "path patterns for " + where);
        }
        return true;
    }

    bool full(const Candidate& candidate, size_t cap, const std::string& what) {
        refuse(
            candidate,
            Reason::too_many_objects,
            "is one too many: a table holds " + std::to_string(cap) + " " + what +
                ", and older objects have them"
        );
        return false;
    }

    bool admit_rule(const Candidate& candidate) {
        RuleState& state = rule_states_[candidate.rule];
        if (state != RuleState::unseen) return state == RuleState::admitted;
        state = RuleState::refused;
        if (admitted_rules_ >= caps_.rules) return full(candidate, caps_.rules, "rules");
        DraftRule& rule = draft_.rules[candidate.rule];
        const Owner& owner = draft_.owners[rule.owner];
        const std::string kind(model::kind_name(owner.key.kind));
        rule.spec.name = kind + "/" + owner.key.ns + "/" + owner.key.name + "/" + rule.name;
        rule.spec.key = table::key128({kind, owner.key.ns, owner.key.name, rule.name});
        const std::string& shown = rule.spec.name;
        if (shown.size() > limits::kNameBytes || !model::check_printable(shown).empty()) {
            const std::string message = in_quotes(shown) + " is too long or holds control bytes";
            refuse(candidate, Reason::invalid_field, "the name " + message);
            return false;
        }
        if (!keys_.claim(rule.spec.key, shown)) {
            refuse(
                candidate,
                Reason::key_collision,
                "has the same 128-bit key as another rule: rename the object or the rule"
            );
            return false;
        }
        state = RuleState::admitted;
        ++admitted_rules_;
        work_.report.served(owner.report);
        return true;
    }

    Admission conclude() {
        Admission admission;
        std::vector<uint32_t> rule_index(draft_.rules.size(), table::kNone);
        for (size_t i = 0; i < draft_.rules.size(); ++i) {
            if (rule_states_[i] != RuleState::admitted) continue;
            rule_index[i] = static_cast<uint32_t>(admission.rules.size());
            admission.rules.push_back(i);
        }
        // Among equally specific candidates of a host the order of precedence stands.
        for (auto& [name, host] : hosts_) {
            std::sort(host.seats.begin(), host.seats.end(), [&](const Seat& a, const Seat& b) {
                const Candidate& first = draft_.candidates[a.candidate];
                const Candidate& second = draft_.candidates[b.candidate];
                if (goes_before(first, second)) return true;
                return !goes_before(second, first) && a.turn < b.turn;
            });
            table::HostSpec spec{.name = name, .matches = {}};
            for (const Seat& seat : host.seats) {
                const Candidate& from = draft_.candidates[seat.candidate];
                spec.matches.push_back(
                    {from.path_kind, from.path, from.predicates, rule_index[from.rule]}
                );
            }
            admission.hosts.push_back(std::move(spec));
        }
        return admission;
    }

    Compilation& work_;
    Draft& draft_;
    const Caps& caps_;
    std::vector<size_t> order_;
    std::vector<RuleState> rule_states_;
    size_t admitted_rules_ = 0;
    std::unordered_map<std::string, size_t> winners_;
    std::map<std::string, Host> hosts_;
    KeyClaims<table::Key128> keys_;
};

}  // namespace

Admission admit(Compilation& work, const Caps& caps) {
    return Gatekeeper(work, caps).run();
}

}  // namespace sluice::compile
