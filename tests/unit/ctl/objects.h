// A snapshot as `sluicectl run` meets it, built object by object.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/model/snapshot.h"

namespace sluice::ctl {

class Objects {
public:
    Objects& service(const std::string& name, const std::string& sim_model = "") {
        model::Service service;
        name_it(service.meta, name);
        model::ServicePort port;
        port.name = "http";
        port.protocol = "TCP";
        port.port = 8000;
        service.ports.push_back(port);
        if (!sim_model.empty()) service.meta.labels["sluice.dev/sim-model"] = sim_model;
        add(snapshot_.services, std::move(service));
        return *this;
    }

    // One endpoint per address; pods are named SERVICE-0, SERVICE-1 … unless `pods` is false.
    Objects& slice(
        const std::string& name,
        const std::string& service,
        const std::vector<std::string>& addresses,
        const std::vector<int32_t>& ports,
        bool pods = true
    ) {
        model::EndpointSlice slice;
        name_it(slice.meta, name);
        slice.service = service;
        const bool v6 = !addresses.empty() && addresses.front().find(':') != std::string::npos;
        slice.address_type = v6 ? model::AddressType::ipv6 : model::AddressType::ipv4;
        for (const std::string& address : addresses) {
            model::SliceEndpoint endpoint;
            endpoint.addresses = {address};
            if (pods) endpoint.pod_name = service + "-" + std::to_string(slice.endpoints.size());
            slice.endpoints.push_back(endpoint);
        }
        for (const int32_t port : ports) {
            model::SlicePort slice_port;
            slice_port.port = port;
            slice.ports.push_back(slice_port);
        }
        add(snapshot_.endpoint_slices, std::move(slice));
        return *this;
    }

    Objects& route(
        const std::string& name,
        const std::vector<std::string>& hosts,
        const std::vector<std::pair<std::string, int32_t>>& backends,
        const std::string& prefix = "/v1"
    ) {
        model::ModelRoute route;
        name_it(route.meta, name);
        route.class_name = "sluice";
        route.hostnames = hosts;
        model::RouteRule rule;
        model::RouteMatch match;
        match.path = model::PathMatch{model::PathMatchType::path_prefix, prefix};
        rule.matches.push_back(match);
        for (const auto& [service, weight] : backends) {
            model::BackendRef ref;
            ref.name = service;
            ref.port = "8000";
            ref.weight = weight;
            rule.backend_refs.push_back(ref);
        }
        route.rules.push_back(rule);
        add(snapshot_.model_routes, std::move(route));
        return *this;
    }

    // One path of `host`, which goes to the Service "web".
    Objects& ingress(
        const std::string& name, const std::string& host, const std::string& path = "/web"
    ) {
        model::Ingress ingress;
        name_it(ingress.meta, name);
        ingress.class_name = "sluice";
        model::IngressRule rule;
        rule.host = host;
        model::IngressBackend backend;
        backend.service = "web";
        backend.port.number = 8000;
        rule.paths.push_back({model::PathType::prefix, path, backend, {}});
        ingress.rules.push_back(rule);
        add(snapshot_.ingresses, std::move(ingress));
        return *this;
    }

    const model::Snapshot& snapshot() const { return snapshot_; }

private:
    static void name_it(model::Meta& meta, const std::string& name) {
        meta.name = name;
        meta.ns = "default";
    }
    template <class T>
    static void add(model::Objects<T>& objects, T object) {
        const model::ObjectKey key{T::kKind, object.meta.ns, object.meta.name};
        objects[key] = std::make_shared<const T>(std::move(object));
    }

    model::Snapshot snapshot_;
};

}  // namespace sluice::ctl
