// Who gets in: conflicts and limits are decided here, oldest object first, and the loser is told
// who won. Then the order of what is left, which is the order in which the proxy tries it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/compile/draft.h"
#include "table/limits.h"

namespace sluice::compile {

struct Caps {
    size_t hosts = limits::kHosts;
    size_t rules = limits::kRules;
    size_t matches_per_host = limits::kMatchesPerHost;
    size_t regexes_per_host = limits::kRegexesPerHost;
    size_t backends = limits::kBackends;
};

// What became of one candidate.
struct Outcome {
    // left_out: its rule asks for the same twice, or was refused by another candidate: no words.
    enum class Kind : uint8_t { left_out, seated, refused };
    Kind kind = Kind::left_out;
    Reason reason = Reason::ok;  // refused: why
    std::string message;
    bool operator==(const Outcome&) const = default;
};

struct Applicant {
    explicit Applicant(Draft made) : draft(std::move(made)), outcomes(draft.candidates.size()) {}
    Draft draft;
    std::vector<Outcome> outcomes;  // of draft.candidates
};

// One candidate of an applicant.
struct Claim {
    Applicant* applicant;
    uint32_t index;

    const Candidate& candidate() const { return applicant->draft.candidates[index]; }
    const DraftRule& rule() const { return applicant->draft.rules[candidate().rule]; }
    Outcome& outcome() const { return applicant->outcomes[index]; }
};

// Those that got in, by host; of one host in the order in which they are tried. The names are those
// of candidates.
using Seats = std::map<std::string_view, std::vector<Claim>>;

// Decides these claims, which stand in the order of precedence, and sets their outcomes. A host is
// decided as a whole: all claims to it are there. Hosts do not depend on each other but by the caps
// on hosts and rules and by rules with one key; where these do not matter, any hosts may be decided
// without the others.
Seats admit(const std::vector<Claim>& claims, const Caps& caps);

void order_by_precedence(std::vector<Applicant*>& applicants);

// All claims of these applicants that `wanted` holds for, in the order of precedence: older objects
// first and each as its text has it, then default backends.
template <class Wanted>
std::vector<Claim> ordered_claims(std::vector<Applicant*> applicants, Wanted&& wanted) {
    order_by_precedence(applicants);
    std::vector<Claim> claims;
    for (const bool fallback : {false, true}) {
        for (Applicant* const applicant : applicants) {
            for (uint32_t i = 0; i < applicant->draft.candidates.size(); ++i) {
                const Claim claim{applicant, i};
                if (claim.candidate().fallback == fallback && wanted(claim)) {
                    claims.push_back(claim);
                }
            }
        }
    }
    return claims;
}

}  // namespace sluice::compile
