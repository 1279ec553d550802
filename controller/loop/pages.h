// The pages of the admin socket, made from what the loop knows. No I/O.
#pragma once

#include "controller/admin/server.h"
#include "controller/files/source.h"
#include "controller/loop/ledger.h"
#include "controller/loop/metrics.h"

namespace sluice::loop {

// /livez /readyz /metrics /verdicts /generation /programmed; anything else is 404.
admin::Response page(
    const admin::Request& request,
    const Ledger& ledger,
    const files::FileReport& report,
    const Figures& figures
);

// "ServiceNotFound" of service_not_found: reasons as Kubernetes conditions spell them.
std::string condition_reason(Reason reason);

}  // namespace sluice::loop
