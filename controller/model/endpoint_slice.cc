// The table of discovery.k8s.io/v1 EndpointSlice.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
#include "controller/model/tables.h"

namespace sluice::model {
namespace {

using Type = Value::Kind;
// The API's own bounds.
constexpr size_t kMaxEndpoints = 1000;
constexpr size_t kMaxAddresses = 100;
constexpr size_t kMaxPorts = 20'000;

const Fields<SliceEndpoint>& conditions_fields() {
    static const Fields<SliceEndpoint> kFields{{
        field("ready", &SliceEndpoint::ready, Flag{}),
        field("serving", &SliceEndpoint::serving, Flag{}),
        field("terminating", &SliceEndpoint::terminating, Flag{}),
    }};
    return kFields;
}

const Fields<Unread>& zone_hint_fields() {
    static const Fields<Unread> kFields{{ignored("name", Type::string)}};
    return kFields;
}

const Fields<Unread>& hint_fields() {
    static const Fields<Unread> kFields{{
        ignored("forNodes", Type::list, zone_hint_fields),
        ignored("forZones", Type::list, zone_hint_fields),
    }};
    return kFields;
}

struct TargetRef {
    std::string kind;
    std::string name;
    std::string uid;
};

const Fields<TargetRef>& target_fields() {
    static const Fields<TargetRef> kFields{{
        ignored("apiVersion", Type::string),
        ignored("fieldPath", Type::string),
        field("kind", &TargetRef::kind, Text{}),
        field("name", &TargetRef::name, Text{check_any, 253}),
        ignored("namespace", Type::string),
        ignored("resourceVersion", Type::string),
        field("uid", &TargetRef::uid, Text{check_any, 128}),
    }};
    return kFields;
}

void read_target(SliceEndpoint& endpoint, const Value& value, Cursor& cursor) {
    TargetRef target;
    read_fields(target, value, target_fields(), cursor);
    if (target.kind != "Pod") return;
    endpoint.pod_name = target.name;
    endpoint.pod_uid = target.uid;
}

const Fields<SliceEndpoint>& endpoint_fields() {
    static const Fields<SliceEndpoint> kFields{{
        required(field(
            "addresses",
            &SliceEndpoint::addresses,
            list_of(Text{check_not_empty, 253}, kMaxAddresses, 1)
        )),
        nested("conditions", conditions_fields),
        ignored("deprecatedTopology", Type::map),
        ignored("hints", Type::map, hint_fields),
        ignored("hostname", Type::string),
        field("nodeName", &SliceEndpoint::node_name, Text{check_any, 253}),
        {"targetRef", read_target},
        field("zone", &SliceEndpoint::zone, Text{check_any, 253}),
    }};
    return kFields;
}

Complaint check_optional_label(std::string_view text) {
    return text.empty() ? Complaint{} : check_dns_label(text);
}

const Fields<SlicePort>& port_fields() {
    static const Fields<SlicePort> kFields{
        {
            ignored("appProtocol", Type::string),
            field("name", &SlicePort::name, Text{check_optional_label}),
            field("port", &SlicePort::port, Int{1, 65535}),
            field("protocol", &SlicePort::protocol, words({"TCP", "UDP", "SCTP"})),
        },
        [](SlicePort& port, const Value&, Cursor&) {
            if (port.protocol.empty()) port.protocol = "TCP";
        },
    };
    return kFields;
}

Complaint address_complaint(AddressType type, std::string_view text) {
    switch (type) {
        case AddressType::ipv4:
            return is_ipv4(text) ? "" : "must be an IPv4 address";
        case AddressType::ipv6:
            return is_ipv6(text) ? "" : "must be an IPv6 address";
        case AddressType::fqdn:
            return check_dns_subdomain(text);
    }
    return "has an unknown address type";
}

void check_addresses(
    const SliceEndpoint& endpoint, AddressType type, const Value& list, Cursor& cursor
) {
    const Cursor::Step addresses(cursor, "addresses");
    for (size_t i = 0; i < endpoint.addresses.size() && !cursor.full(); ++i) {
        const std::string& address = endpoint.addresses[i];
        const Complaint complaint = address_complaint(type, address);
        if (complaint.empty()) continue;
        const Cursor::Step item(cursor, i);
        cursor.problem(list.list[i].place, in_quotes(address) + ' ' + std::string(complaint));
    }
}

void check_slice(EndpointSlice& slice, const Value& value, Cursor& cursor) {
    const auto label = slice.meta.labels.find("kubernetes.io/service-name");
    if (label != slice.meta.labels.end()) slice.service = label->second;
    for (size_t i = 0; i < slice.endpoints.size() && !cursor.full(); ++i) {
        const Cursor::Step endpoints(cursor, "endpoints");
        const Cursor::Step item(cursor, i);
        const Value& endpoint = value.find("endpoints")->list[i];
        check_addresses(
            slice.endpoints[i], slice.address_type, *endpoint.find("addresses"), cursor
        );
    }
}

}  // namespace

const Fields<EndpointSlice>& endpoint_slice_fields() {
    static const Fields<EndpointSlice> kFields{
        {
            required(field(
                "addressType",
                &EndpointSlice::address_type,
                Choice<AddressType>{
                    {{"IPv4", AddressType::ipv4},
                     {"IPv6", AddressType::ipv6},
                     {"FQDN", AddressType::fqdn}}
                }
            )),
            ignored("apiVersion", Type::string),
            field(
                "endpoints", &EndpointSlice::endpoints, list_of(sub(endpoint_fields), kMaxEndpoints)
            ),
            ignored("kind", Type::string),
            required(field("metadata", &EndpointSlice::meta, sub(meta_fields))),
            field("ports", &EndpointSlice::ports, list_of(sub(port_fields), kMaxPorts)),
        },
        check_slice,
    };
    return kFields;
}

}  // namespace sluice::model
