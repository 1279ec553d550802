// Which of two candidates of one host is tried first, before age decides.
#pragma once

#include "controller/compile/draft.h"

namespace sluice::compile {

// A strict weak order: by path kind and path, so that equal paths stand together; among equal paths
// those with a method, then with more headers, then with more query parameters. Patterns: longer
// ones first, then likewise. Equivalent ones keep the order of precedence.
bool goes_before(const Candidate& a, const Candidate& b);

}  // namespace sluice::compile
