// Reads simulated servers out of EndpointSlices and Services.
#include "sluicectl/simulate.h"

#include <set>

namespace sluice::ctl {
namespace {

bool is_loopback(const model::EndpointSlice& slice, const std::string& address) {
    if (slice.address_type == model::AddressType::ipv4) return address.starts_with("127.");
    return slice.address_type == model::AddressType::ipv6 && address == "::1";
}

std::string with_port(const std::string& address, int32_t port) {
    const bool v6 = address.find(':') != std::string::npos;
    return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

// The servers of one endpoint of a slice: one per port.
void append(
    std::vector<SimulatedServer>& servers,
    const model::EndpointSlice& slice,
    const model::SliceEndpoint& endpoint,
    const std::string& model
) {
    if (endpoint.addresses.empty() || !is_loopback(slice, endpoint.addresses.front())) return;
    for (const model::SlicePort& port : slice.ports) {
        if (!port.port) continue;
        const std::string number = std::to_string(servers.size());
        const std::string pod =
            endpoint.pod_name.empty() ? slice.service + "-" + number : endpoint.pod_name;
        servers.push_back({with_port(endpoint.addresses.front(), *port.port), pod, model});
    }
}

}  // namespace

std::string model_of_service(
    const model::Snapshot& snapshot, const std::string& ns, const std::string& name
) {
    const auto service = snapshot.services.find({model::Kind::service, ns, name});
    if (service == snapshot.services.end()) return name;
    const auto& labels = service->second->meta.labels;
    const auto label = labels.find(kSimModelLabel);
    return label == labels.end() || label->second.empty() ? name : label->second;
}

std::vector<SimulatedServer> simulated_servers(const model::Snapshot& snapshot) {
    std::vector<SimulatedServer> servers;
    for (const auto& [key, slice] : snapshot.endpoint_slices) {
        if (slice->service.empty()) continue;
        const std::string model = model_of_service(snapshot, key.ns, slice->service);
        for (const auto& endpoint : slice->endpoints) append(servers, *slice, endpoint, model);
    }
    std::set<std::string> seen;
    std::erase_if(servers, [&seen](const auto& server) {
        return !seen.insert(server.listen).second;
    });
    return servers;
}

}  // namespace sluice::ctl
