// ModelRoute to draft: hostnames × rules × matches.
#pragma once

#include "controller/compile/classes.h"
#include "controller/compile/draft.h"

namespace sluice::compile {

void compile_model_routes(Compilation& work, const Classes& classes);

}  // namespace sluice::compile
