// Snapshot to table spec and verdicts: pure (no clock, I/O or log) and total (any snapshot gives a
// table; what is wrong is left out, alone, and its verdict says so). Two replicas with equal
// objects build equal bytes.
#pragma once

#include <string>
#include <vector>

#include "controller/compile/verdict.h"
#include "controller/model/snapshot.h"
#include "table/spec.h"

namespace sluice::compile {

struct Options {
    std::string controller_name =
        "sluice.dev/ingress-controller";  // IngressClass.spec.controller that is ours
    std::string class_name = "sluice";    // taken as ours even when no IngressClass object exists
    bool watch_without_class =
        false;  // take objects with no class even when no class is the default
    bool allow_loopback_endpoints = false;  // 127.0.0.0/8 and ::1 in EndpointSlices (local mode)
};

struct Compiled {
    table::RoutesSpec routes;
    table::EndpointsSpec endpoints;
    std::vector<Verdict> verdicts;  // ordered by object key
};

Compiled compile(const model::Snapshot& snapshot, const Options& options);

}  // namespace sluice::compile
