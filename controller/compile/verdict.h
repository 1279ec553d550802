// What the compiler says about each object, in the words of Kubernetes conditions. Statuses fall
// out of the same pass that accepts or refuses; other modules print, serve or write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/model/meta.h"
#include "table/key.h"
#include "table/reason.h"

namespace sluice::compile {

// One thing refused or worth knowing, at the smallest unit: "spec.rules[0].http.paths[1]".
struct Finding {
    enum class Severity : uint8_t { refused, warning };
    Severity severity;
    std::string field;
    Reason reason;
    std::string message;  // names field, value, remedy; a conflict names the winner
};

struct BackendStatus {
    std::string name;  // "Service demo/llama:http"
    uint32_t ready_endpoints = 0;
    uint32_t effective_weight = 0;
    uint32_t weight = 0;                  // as written
    std::optional<table::Key64> backend;  // its key in the table; absent: it leads nowhere
};

struct RuleStatus {
    std::string name;
    std::vector<BackendStatus> backends;
};

// accepted: something of the object is in the table (or the object is fine and needs nothing
// there). resolved: every reference was found. Both with the reason of the first finding that says
// no.
struct Verdict {
    model::ObjectKey object;
    int64_t generation = 0;
    bool ours = true;  // false: another class; no status is written
    bool accepted = true;
    Reason accepted_reason = Reason::accepted;
    bool resolved = true;
    Reason resolved_reason = Reason::accepted;
    std::vector<Finding> findings;
    std::vector<RuleStatus> rules;
};

}  // namespace sluice::compile
