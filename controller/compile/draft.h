// What the passes hand to one another: rules and the places where they want to match, before
// conflicts and limits are decided. Indexes, not pointers, so that the vectors may grow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/compile/age.h"
#include "controller/compile/backends.h"
#include "controller/compile/compile.h"
#include "controller/compile/report.h"
#include "table/spec.h"

namespace sluice::compile {

// An object whose rules are in the draft.
struct Owner {
    Precedence precedence;
    model::ObjectKey key;
    Report::Id report;
};

// One share of a rule, as its object wrote it.
struct DraftShare {
    uint32_t weight = 0;
    std::string name;                        // "Service demo/llama:http"
    std::optional<Backends::Index> backend;  // absent: the reference leads nowhere
};

struct DraftRule {
    size_t owner = 0;   // index into Draft::owners
    std::string name;   // within its object: "0/1", "default"
    std::string field;  // "spec.rules[0].http.paths[1]"
    std::vector<DraftShare> shares;
    table::RuleSpec spec;  // all but key, name and splits
};

// One (host, path, predicates) at which a rule wants to match.
struct Candidate {
    size_t rule = 0;  // index into Draft::rules
    std::string field;
    std::string host;
    table::PathKind path_kind = table::PathKind::prefix;
    std::string path;
    std::vector<table::PredicateSpec> predicates;
    bool fallback = false;  // a default backend: comes after everything else
};

// In the order of the objects, and in each object in the order of its text.
struct Draft {
    std::vector<Owner> owners;
    std::vector<DraftRule> rules;
    std::vector<Candidate> candidates;
};

// One run of the compiler: what the passes read, and what they add to.
struct Compilation {
    const model::Snapshot& snapshot;
    const Options& options;
    Report report;
    Backends backends;
    Draft draft;
};

}  // namespace sluice::compile
