// Who gets in: conflicts and limits are decided here, oldest object first, and the loser is told
// who won. Then the order of what is left, which is the order in which the proxy tries it.
#pragma once

#include <cstddef>
#include <vector>

#include "controller/compile/draft.h"
#include "table/limits.h"
#include "table/spec.h"

namespace sluice::compile {

struct Caps {
    size_t hosts = limits::kHosts;
    size_t rules = limits::kRules;
    size_t matches_per_host = limits::kMatchesPerHost;
    size_t regexes_per_host = limits::kRegexesPerHost;
};

struct Admission {
    std::vector<size_t> rules;           // indexes into Draft::rules, ascending
    std::vector<table::HostSpec> hosts;  // by name; MatchSpec::rule is an index into `rules`
};

Admission admit(Compilation& work, const Caps& caps = {});

}  // namespace sluice::compile
