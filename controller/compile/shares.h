// Backend references of a rule to its shares. A reference that leads nowhere keeps its share, which
// is then answered with an error, and its object is told (design 10.14).
#pragma once

#include <string>

#include "controller/compile/draft.h"

namespace sluice::compile {

struct ShareRef {
    std::string service;
    std::string port;  // number or name
    uint32_t weight = 1;
    std::string field;  // of the reference
};

// Adds one share to `rule`.
void add_share(const Drafting& work, DraftRule& rule, const ShareRef& ref);

}  // namespace sluice::compile
