// Parts of the routes as structs that do not depend on the rest of the table: made once a part, and
// put together with others each time (routes_assembly.cc).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "table/layout.h"
#include "table/spec.h"
#include "table/texts.h"

namespace sluice::table {

// What a rule does, by its print (conduct_print.h).
struct EncodedConduct {
    std::string print;
    const RuleSpec* rule;  // the first that does it
};

// Borrows from the specs.
struct EncodedRules {
    std::string names;          // of all rules, one after the other
    std::vector<Rule> rules;    // name_offset: in names; splits, conduct: in the lists here
    std::vector<Split> splits;  // backend: index into the backends of the part
    std::vector<EncodedConduct> conducts;
};

EncodedRules encode(std::span<const RuleSpec> rules);

struct EncodedHost {
    Host host{};              // path_buckets 0; by_regex 0 or kNone; no name
    size_t deepest = 0;       // elements of its deepest path
    std::vector<Path> paths;  // text_offset: number of the text; matches: in the list here
    std::vector<uint32_t> path_order;
    std::vector<uint32_t> path_buckets;
    std::vector<Match> matches;          // rule: as in the spec; predicates: in the list here
    std::vector<RegexMatch> by_regex;    // the same; regex: number of the pattern
    std::vector<Predicate> predicates;   // offsets of texts, and regex: numbers, as above
    std::vector<uint32_t> spec_matches;  // of matches, then of by_regex: index in the spec
};

// Texts are numbered by `texts`.
EncodedHost encode(const HostSpec& host, Texts& texts);

}  // namespace sluice::table
