// Ingress to draft: rules, hosts, path types and the default backend.
#pragma once

#include "controller/compile/draft.h"
#include "controller/model/ingress.h"

namespace sluice::compile {

void compile_ingress(const Drafting& work, const model::Ingress& ingress);

}  // namespace sluice::compile
