// What the passes make of one object: rules and the places where they want to match, before
// conflicts and limits between objects are decided. Indexes, not pointers, so that the vectors may
// grow.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controller/compile/age.h"
#include "controller/compile/backends.h"
#include "controller/compile/report.h"
#include "table/spec.h"

namespace sluice::compile {

// One share of a rule, as its object wrote it.
struct DraftShare {
    uint32_t weight = 0;
    std::string name;    // "Service demo/llama:http"
    BackendPtr backend;  // null: the reference leads nowhere
};

struct DraftRule {
    std::string name;   // within its object: "0/1", "default"
    std::string field;  // "spec.rules[0].http.paths[1]"
    std::vector<DraftShare> shares;
    table::RuleSpec spec;  // all but splits; key and name from finish()
};

// One (host, path, predicates) at which a rule wants to match.
struct Candidate {
    uint32_t rule = 0;  // index into Draft::rules
    std::string field;
    std::string host;
    table::PathKind path_kind = table::PathKind::prefix;
    std::string path;
    std::vector<table::PredicateSpec> predicates;
    bool fallback = false;  // a default backend: comes after everything else
};

// In the order of the object's text.
struct Draft {
    Draft(const model::ObjectKey& object, const model::Meta& meta)
        : key(object), precedence{&meta, object.kind}, report(object, meta.generation) {}

    model::ObjectKey key;
    Precedence precedence;  // its meta is the object's, which outlives the draft
    ObjectReport report;
    std::vector<DraftRule> rules;
    std::vector<Candidate> candidates;
    std::vector<uint64_t> services;  // service_hash() of each that was asked for
};

// One object on its way through a pass: what it adds to, and what it asks.
struct Drafting {
    Draft& draft;
    Backends& backends;
};

// Gives `rule` its key and its name in the table. False: no table can hold that name, which the
// object's report says.
bool finish(Draft& draft, DraftRule& rule);

}  // namespace sluice::compile
