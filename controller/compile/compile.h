// Snapshot to table spec and verdicts: pure (no clock, I/O or log) and total (any snapshot gives a
// table; what is wrong is left out, alone, and its verdict says so). Two replicas with equal
// objects build equal bytes.
// There are two halves, so that a change of endpoints alone skips the first: compile_routes() reads
// all but EndpointSlices, reach() (reach.h) reads these. The first half costs what changed when a
// Compiler (compiler.h) does it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/compile/backend.h"
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

// Shared and never changed: the verdict of an object of which nothing changed is the same one.
using Verdicts = std::vector<std::shared_ptr<const Verdict>>;

// What EndpointSlices have no say in.
struct Routed {
    table::RoutesParts routes;
    std::vector<BackendPtr> backends;  // each that rules name, once: what reach() goes by
    Verdicts verdicts;                 // ordered by object key; without endpoints: with_endpoints()
                                       // adds what is said of them
};

struct Compiled {
    table::RoutesSpec routes;
    table::EndpointsSpec endpoints;
    std::vector<Verdict> verdicts;  // ordered by object key
};

// Of a Compiler without memory.
Routed compile_routes(const model::Snapshot& snapshot, const Options& options);

// Both halves.
Compiled compile(const model::Snapshot& snapshot, const Options& options);

}  // namespace sluice::compile
