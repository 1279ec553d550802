// Ingress to draft: rules, hosts, path types and the default backend.
#pragma once

#include "controller/compile/classes.h"
#include "controller/compile/draft.h"

namespace sluice::compile {

void compile_ingresses(Compilation& work, const Classes& classes);

}  // namespace sluice::compile
