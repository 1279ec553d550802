// The admitted part of a draft as specs: only what is used gets a place in the table.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "controller/compile/admit.h"
#include "controller/compile/places.h"
#include "controller/compile/verdict.h"
#include "table/spec.h"

namespace sluice::compile {

// Backends of admitted rules, each once, in the order of first use.
std::vector<BackendPtr> backends_in_use(const Applicant& applicant);

// One object of ours in the table.
struct Emitted {
    std::shared_ptr<const table::RulesPart> part;  // null: none of its rules is in the table
    std::vector<uint32_t> places;  // of each rule of the draft in the part, or table::kNone
    std::shared_ptr<const Verdict> verdict;  // without what depends on endpoints
};

Emitted emit(const Applicant& applicant, const Places& places);

// One host. `emitted_of` gives an applicant's newest Emitted. REQUIRES: seats are of one host, and
// there are some.
template <class EmittedOf>
table::HostPart emit_host(const std::vector<Claim>& seats, EmittedOf&& emitted_of) {
    table::HostPart host;
    host.name = seats.front().candidate().host;
    host.matches.reserve(seats.size());
    for (const Claim& seat : seats) {
        const Candidate& from = seat.candidate();
        const Emitted& owner = emitted_of(*seat.applicant);
        if (host.parts.empty() || host.parts.back() != owner.part) host.parts.push_back(owner.part);
        host.matches.push_back({from.path_kind, from.path, from.predicates, owner.places[from.rule]}
        );
        host.part_of.push_back(static_cast<uint32_t>(host.parts.size() - 1));
    }
    return host;
}

}  // namespace sluice::compile
