// The table of core/v1 Service.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
#include "controller/model/service.h"

#include <algorithm>

#include "controller/model/tables.h"

namespace sluice::model {
namespace {

using Type = Value::Kind;
constexpr size_t kMaxPorts = 1000;  // more than an API object of 1.5 MiB sensibly holds

Complaint check_optional_label(std::string_view text) {
    return text.empty() ? Complaint{} : check_dns_label(text);
}

const Fields<ServicePort>& port_fields() {
    static const Fields<ServicePort> kFields{
        {
            field("appProtocol", &ServicePort::app_protocol, Text{check_qualified_name}),
            field("name", &ServicePort::name, Text{check_optional_label}),
            ignored("nodePort", Type::integer),
            required(field("port", &ServicePort::port, Int{1, 65535})),
            field("protocol", &ServicePort::protocol, words({"TCP", "UDP", "SCTP"})),
            field("targetPort", &ServicePort::target_port, PortText{}),
        },
        [](ServicePort& port, const Value&, Cursor&) {
            if (port.protocol.empty()) port.protocol = "TCP";
            if (port.target_port.empty()) port.target_port = std::to_string(port.port);
        },
    };
    return kFields;
}

const Fields<Unread>& client_ip_fields() {
    static const Fields<Unread> kFields{{ignored("timeoutSeconds", Type::integer)}};
    return kFields;
}

const Fields<Unread>& affinity_fields() {
    static const Fields<Unread> kFields{{ignored("clientIP", Type::map, client_ip_fields)}};
    return kFields;
}

void check_ports(Service& service, const Value& value, Cursor& cursor) {
    const Value* list = value.find("ports");
    for (size_t i = 0; i < service.ports.size() && !cursor.full(); ++i) {
        const ServicePort& port = service.ports[i];
        const Place place = list->list[i].place;
        const Cursor::Step ports(cursor, "ports");
        const Cursor::Step item(cursor, i);
        if (port.name.empty() && service.ports.size() > 1) {
            cursor.problem_at("name", place, "is required when a Service has more than one port");
        }
        const auto twin = std::find_if(
            service.ports.begin(),
            service.ports.begin() + static_cast<ptrdiff_t>(i),
            [&](const ServicePort& other) { return other.name == port.name; }
        );
        if (!port.name.empty() && twin - service.ports.begin() < static_cast<ptrdiff_t>(i)) {
            cursor.problem_at("name", place, in_quotes(port.name) + " names two ports: rename one");
        }
    }
}

const Fields<Service>& spec_fields() {
    static const Fields<Service> kFields{
        {
            ignored("allocateLoadBalancerNodePorts", Type::boolean),
            ignored("clusterIP", Type::string),
            ignored("clusterIPs", Type::list),
            ignored("externalIPs", Type::list),
            ignored("externalName", Type::string),
            ignored("externalTrafficPolicy", Type::string),
            ignored("healthCheckNodePort", Type::integer),
            ignored("internalTrafficPolicy", Type::string),
            ignored("ipFamilies", Type::list),
            ignored("ipFamilyPolicy", Type::string),
            ignored("loadBalancerClass", Type::string),
            ignored("loadBalancerIP", Type::string),
            ignored("loadBalancerSourceRanges", Type::list),
            field("ports", &Service::ports, list_of(sub(port_fields), kMaxPorts)),
            ignored("publishNotReadyAddresses", Type::boolean),
            ignored("selector", Type::map),
            ignored("sessionAffinity", Type::string),
            ignored("sessionAffinityConfig", Type::map, affinity_fields),
            ignored("trafficDistribution", Type::string),
            field(
                "type",
                &Service::type,
                Choice<ServiceType>{
                    {{"ClusterIP", ServiceType::cluster_ip},
                     {"NodePort", ServiceType::node_port},
                     {"LoadBalancer", ServiceType::load_balancer},
                     {"ExternalName", ServiceType::external_name}}
                }
            ),
        },
        check_ports,
    };
    return kFields;
}

const Fields<Unread>& status_fields() {
    static const Fields<Unread> kFields{{
        ignored("conditions", Type::list, condition_fields),
        ignored("loadBalancer", Type::map, load_balancer_fields),
    }};
    return kFields;
}

}  // namespace

const Fields<Service>& service_fields() {
    static const Fields<Service> kFields{{
        ignored("apiVersion", Type::string),
        ignored("kind", Type::string),
        required(field("metadata", &Service::meta, sub(meta_fields))),
        required(nested("spec", spec_fields)),
        ignored("status", Type::map, status_fields),
    }};
    return kFields;
}

}  // namespace sluice::model
