// What the compiler keeps of objects and hosts from one run to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "controller/compile/admit.h"
#include "controller/compile/classes.h"
#include "controller/compile/emit.h"
#include "table/spec.h"

namespace sluice::compile {

struct Host;

// An Ingress or a ModelRoute.
struct Entry : Applicant {
    explicit Entry(Draft made) : Applicant(std::move(made)) {}

    std::shared_ptr<const void> object;  // null until it is drafted
    Classes::Answer answer;
    std::vector<Host*> hosts;      // of each candidate
    std::vector<BackendPtr> uses;  // of its admitted rules
    Emitted emitted;
    bool changed = false;   // to be emitted again
    bool gathered = false;  // scratch: stands in a list already
};

struct Host {
    std::unordered_set<Entry*> objects;  // that want it; thousands may, and all may change at once
    std::vector<Claim> seats;
    std::shared_ptr<const table::HostPart> part;  // null: nobody got in
    bool touched = false;                         // to be decided again
    bool stale = false;                           // to be emitted again
};

// How many rules have each key; more than one is a collision.
class KeyCounts {
public:
    void add(const table::Key128& key);
    void remove(const table::Key128& key);
    bool any_shared() const { return shared_ > 0; }
    size_t rules() const { return rules_; }

private:
    struct Hash {
        size_t operator()(const table::Key128& key) const { return key.low; }
    };
    std::unordered_map<table::Key128, uint32_t, Hash> counts_;
    size_t shared_ = 0;  // keys
    size_t rules_ = 0;
};

}  // namespace sluice::compile
