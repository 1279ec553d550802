// Which simulated model servers a set of manifests asks for: one per loopback endpoint. Pure.
#pragma once

#include <string>
#include <vector>

#include "controller/model/snapshot.h"

namespace sluice::ctl {

// A Service may name the model that its simulated servers serve; else it is the Service's name.
inline constexpr const char* kSimModelLabel = "sluice.dev/sim-model";

struct SimulatedServer {
    std::string listen;  // "127.0.0.1:18001", "[::1]:18001"
    std::string pod;     // the pod of targetRef, else "SERVICE-N"
    std::string model;
    bool operator==(const SimulatedServer&) const = default;
};

// In the order of their slices; an address that two slices name is started once.
std::vector<SimulatedServer> simulated_servers(const model::Snapshot& snapshot);

// The model that a Service's servers serve.
std::string model_of_service(
    const model::Snapshot& snapshot, const std::string& ns, const std::string& name
);

}  // namespace sluice::ctl
