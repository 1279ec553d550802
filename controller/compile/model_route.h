// ModelRoute to draft: hostnames × rules × matches.
#pragma once

#include "controller/compile/draft.h"
#include "controller/model/model_route.h"

namespace sluice::compile {

void compile_model_route(const Drafting& work, const model::ModelRoute& route);

}  // namespace sluice::compile
