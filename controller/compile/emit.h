// The admitted part of the draft as specs: only what is used gets a place in the table.
#pragma once

#include "controller/compile/admit.h"
#include "controller/compile/compile.h"
#include "controller/compile/draft.h"

namespace sluice::compile {

// Routes and their backends; the verdicts stay in work.report, with the shares of each rule added.
Routed emit(Compilation& work, Admission admission, size_t backend_cap = limits::kBackends);

}  // namespace sluice::compile
