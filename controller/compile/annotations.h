// Annotations of an Ingress that people expect to work: what Sluice does not honour is said, never
// silently passed over (design 4.3).
#pragma once

#include "controller/compile/report.h"
#include "controller/model/ingress.h"

namespace sluice::compile {

void report_annotations(const model::Ingress& ingress, ObjectReport& report);

}  // namespace sluice::compile
