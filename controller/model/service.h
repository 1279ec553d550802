// core/v1 Service and discovery.k8s.io/v1 EndpointSlice as plain structs: the fields that we act
// on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/model/meta.h"

namespace sluice::model {

enum class ServiceType : uint8_t { cluster_ip, node_port, load_balancer, external_name };

struct ServicePort {
    std::string name;      // "" when the service has one unnamed port
    std::string protocol;  // "TCP" by default
    std::string app_protocol;
    int32_t port = 0;
    std::string target_port;  // number or name as text; slices resolve it, we only show it
    bool operator==(const ServicePort&) const = default;
};

struct Service {
    static constexpr Kind kKind = Kind::service;
    Meta meta;
    ServiceType type = ServiceType::cluster_ip;
    std::vector<ServicePort> ports;
    bool operator==(const Service&) const = default;
};

enum class AddressType : uint8_t { ipv4, ipv6, fqdn };

struct SliceEndpoint {
    std::vector<std::string> addresses;
    std::optional<bool> ready;        // null means true
    std::optional<bool> serving;      // null means as ready
    std::optional<bool> terminating;  // null means false
    std::string pod_name;             // targetRef.name when targetRef.kind is Pod
    std::string pod_uid;              // targetRef.uid
    std::string node_name;
    std::string zone;
    Place place;
    bool operator==(const SliceEndpoint&) const = default;
};

struct SlicePort {
    std::string name;  // matches ServicePort::name
    std::string protocol;
    std::optional<int32_t> port;
    bool operator==(const SlicePort&) const = default;
};

struct EndpointSlice {
    static constexpr Kind kKind = Kind::endpoint_slice;
    Meta meta;
    std::string service;  // label kubernetes.io/service-name; "" = belongs to none
    AddressType address_type = AddressType::ipv4;
    std::vector<SliceEndpoint> endpoints;
    std::vector<SlicePort> ports;
    bool operator==(const EndpointSlice&) const = default;
};

}  // namespace sluice::model
