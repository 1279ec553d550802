// One walk over the claims in the order of precedence: first come, first served.
#include "controller/compile/admit.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "controller/compile/specificity.h"
#include "controller/model/checks.h"
#include "table/key.h"

namespace sluice::compile {
namespace {

using model::in_quotes;

// Equal for candidates that would match exactly the same requests.
struct SameMatch {
    bool operator()(const Candidate* a, const Candidate* b) const {
        return a->host == b->host && a->path_kind == b->path_kind && a->path == b->path &&
               a->predicates == b->predicates;
    }
};

struct MatchHash {
    size_t operator()(const Candidate* candidate) const {
        size_t hash = static_cast<size_t>(candidate->path_kind);
        const auto add = [&hash](std::string_view text) {
            hash = hash * 31 + std::hash<std::string_view>()(text);
        };
        add(candidate->host);
        add(candidate->path);
        for (const table::PredicateSpec& predicate : candidate->predicates) {
            add(predicate.name);
            add(predicate.value);
        }
        return hash;
    }
};

struct KeyHash {
    size_t operator()(const table::Key128& key) const { return key.low; }
};

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
    Gatekeeper(const Caps& caps, size_t claims) : caps_(caps) {
        rules_.reserve(claims);
        winners_.reserve(claims);
        keys_.reserve(claims);
    }

    void consider(const Claim& claim) {
        claim.outcome() = {};
        const auto taken = winners_.find(&claim.candidate());
        if (taken != winners_.end()) return report_conflict(claim, taken->second);
        if (!has_room(claim) || !admit_rule(claim)) return;
        winners_.emplace(&claim.candidate(), claim);
        std::vector<Seat>& seats = hosts_[claim.candidate().host];
        seats.push_back({claim, seats.size()});
        claim.outcome().kind = Outcome::Kind::seated;
        if (is_regex(claim)) ++regexes_[claim.candidate().host];
    }

    // Among equally specific candidates of a host the order of precedence stands.
    Seats conclude() {
        Seats all;
        for (auto& [name, seats] : hosts_) {
            std::sort(seats.begin(), seats.end(), [](const Seat& a, const Seat& b) {
                if (goes_before(a.claim.candidate(), b.claim.candidate())) return true;
                return !goes_before(b.claim.candidate(), a.claim.candidate()) && a.turn < b.turn;
            });
            std::vector<Claim>& claims = all[name];
            claims.reserve(seats.size());
            for (const Seat& seat : seats) claims.push_back(seat.claim);
        }
        return all;
    }

private:
    struct Seat {
        Claim claim;
        size_t turn;  // when it was admitted
    };

    static bool is_regex(const Claim& claim) {
        return claim.candidate().path_kind == table::PathKind::regex;
    }

    static void refuse(const Claim& claim, Reason reason, std::string message) {
        claim.outcome() = {Outcome::Kind::refused, reason, std::move(message)};
    }

    // A rule that asks for the same twice gets it once and needs no telling.
    static void report_conflict(const Claim& claim, const Claim& taken) {
        const Candidate& loser = claim.candidate();
        const Candidate& winner = taken.candidate();
        if (&claim.rule() == &taken.rule()) return;
        const Draft& first = taken.applicant->draft;
        const std::string place = model::to_string(first.key) + " (" + winner.field + ")";
        if (loser.fallback && !winner.fallback) {
            return refuse(
                claim,
                Reason::conflict,
                "is never reached: " + place + " takes every request that nothing else matches"
            );
        }
        const std::string_view why = why_first(first.precedence, claim.applicant->draft.precedence);
        const std::string what = loser.fallback ? "the default backend" : describe(loser);
        refuse(claim, Reason::conflict, what + " belongs to " + place + ", " + std::string(why));
    }

    bool has_room(const Claim& claim) {
        const std::string& name = claim.candidate().host;
        const auto at = hosts_.find(name);
        if (at == hosts_.end()) {
            if (hosts_.size() < caps_.hosts) return true;
            return full(claim, caps_.hosts, "hosts");
        }
        if (at->second.size() >= caps_.matches_per_host) {
            return full(claim, caps_.matches_per_host, "matches for " + describe_host(name));
        }
        if (is_regex(claim) && regexes_[name] >= caps_.regexes_per_host) {
            return full(claim, caps_.regexes_per_host, "path patterns for " + describe_host(name));
        }
        return true;
    }

    static bool full(const Claim& claim, size_t cap, const std::string& what) {
        refuse(
            claim,
            Reason::too_many_objects,
            "is one too many: a table holds " + std::to_string(cap) + " " + what +
                ", and older objects have them"
        );
        return false;
    }

    // The first of a rule's candidates that has a place decides for all of them.
    bool admit_rule(const Claim& claim) {
        const auto [at, is_new] = rules_.try_emplace(&claim.rule(), false);
        if (!is_new) return at->second;
        if (admitted_rules_ >= caps_.rules) return full(claim, caps_.rules, "rules");
        const auto [owner, is_free] = keys_.try_emplace(claim.rule().spec.key, &claim.rule());
        if (!is_free) {
            refuse(
                claim,
                Reason::key_collision,
                "has the same 128-bit key as " + owner->second->spec.name +
                    ": rename the object or the rule"
            );
            return false;
        }
        ++admitted_rules_;
        return at->second = true;
    }

    const Caps& caps_;
    std::unordered_map<const DraftRule*, bool> rules_;  // true: admitted
    size_t admitted_rules_ = 0;
    std::unordered_map<const Candidate*, Claim, MatchHash, SameMatch> winners_;
    std::unordered_map<table::Key128, const DraftRule*, KeyHash> keys_;
    std::map<std::string_view, std::vector<Seat>> hosts_;
    std::map<std::string_view, size_t> regexes_;  // seated, by host
};

}  // namespace

void order_by_precedence(std::vector<Applicant*>& applicants) {
    std::sort(applicants.begin(), applicants.end(), [](const Applicant* a, const Applicant* b) {
        const auto order = a->draft.precedence <=> b->draft.precedence;
        return order != 0 ? order < 0 : a->draft.key < b->draft.key;
    });
}

Seats admit(const std::vector<Claim>& claims, const Caps& caps) {
    Gatekeeper gatekeeper(caps, claims.size());
    for (const Claim& claim : claims) gatekeeper.consider(claim);
    return gatekeeper.conclude();
}

}  // namespace sluice::compile
