// Tests the tables of Service and EndpointSlice.
#include "tests/unit/model/decoding.h"

namespace sluice::model {
namespace {

std::string service(const std::string& spec) {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},"spec":)" + spec + "}";
}

std::string slice(const std::string& rest) {
    return R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice",
               "metadata":{"name":"web-1","labels":{"kubernetes.io/service-name":"web"}},)" +
           rest + "}";
}

TEST(Service, PortsAndDefaults) {
    const auto object = decode_good<Service>(service(R"({
        "type": "NodePort",
        "ports": [
            {"name": "http", "port": 80, "targetPort": "web", "appProtocol": "kubernetes.io/h2c",
                "nodePort": 30080},
            {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 5353},
            {"name": "plain", "port": 81}
        ]})"));
    EXPECT_EQ(object->type, ServiceType::node_port);
    ASSERT_EQ(object->ports.size(), 3u);
    EXPECT_EQ(object->ports[0].name, "http");
    EXPECT_EQ(object->ports[0].port, 80);
    EXPECT_EQ(object->ports[0].protocol, "TCP");
    EXPECT_EQ(object->ports[0].target_port, "web");
    EXPECT_EQ(object->ports[0].app_protocol, "kubernetes.io/h2c");
    EXPECT_EQ(object->ports[1].protocol, "UDP");
    EXPECT_EQ(object->ports[1].target_port, "5353");
    EXPECT_EQ(object->ports[2].target_port, "81");
}

TEST(Service, TypeDefaultsToClusterIp) {
    EXPECT_EQ(decode_good<Service>(service("{}"))->type, ServiceType::cluster_ip);
    EXPECT_EQ(
        decode_good<Service>(service(R"({"type":"ExternalName","externalName":"a.com"})"))->type,
        ServiceType::external_name
    );
    EXPECT_EQ(
        problems_of(service(R"({"type":"clusterIP"})")),
        Problems{"spec.type: \"clusterIP\" is not known: use ClusterIP, NodePort, LoadBalancer or "
                 "ExternalName"}
    );
}

TEST(Service, SeveralPortsNeedDifferentNames) {
    EXPECT_EQ(problems_of(service(R"({"ports":[{"port":80}]})")), Problems{});
    EXPECT_EQ(
        problems_of(service(R"({"ports":[{"port":80},{"name":"b","port":81}]})")),
        Problems{"spec.ports[0].name: is required when a Service has more than one port"}
    );
    EXPECT_EQ(
        problems_of(service(
            R"({"ports":[{"name":"b","port":80},{"name":"a","port":9},{"name":"b","port":81}]})"
        )),
        Problems{"spec.ports[2].name: \"b\" names two ports: rename one"}
    );
}

TEST(Service, PortsAreInRange) {
    EXPECT_EQ(problems_of(service(R"({"ports":[{"port":65535}]})")), Problems{});
    EXPECT_EQ(problems_of(service(R"({"ports":[{"port":65536}]})")).size(), 1u);
    EXPECT_EQ(problems_of(service(R"({"ports":[{"port":0}]})")).size(), 1u);
    EXPECT_EQ(problems_of(service(R"({"ports":[{"port":80,"targetPort":"80"}]})")).size(), 1u);
    EXPECT_EQ(problems_of(service(R"({"ports":[{"port":80,"targetPort":70000}]})")).size(), 1u);
    EXPECT_EQ(problems_of(service(R"({"ports":[{"port":80,"protocol":"tcp"}]})")).size(), 1u);
    EXPECT_EQ(
        problems_of(service(R"({"ports":[{}]})")), Problems{"spec.ports[0].port: is required"}
    );
}

TEST(Service, PortCountHasALimit) {
    const auto with = [](size_t count) {
        return service(R"({"ports":)" + list_of_items(R"({"name":"p#","port":80})", count) + "}");
    };
    EXPECT_EQ(problems_of(with(1000)), Problems{});
    EXPECT_EQ(
        problems_of(with(1001)), Problems{"spec.ports: has 1001 items: at most 1000 are allowed"}
    );
}

TEST(EndpointSlice, EveryFieldThatWeActOn) {
    const auto object = decode_good<EndpointSlice>(slice(R"(
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP", "appProtocol": "http"},
            {"name": "", "port": null}],
        "endpoints": [
            {"addresses": ["10.0.0.1"], "conditions": {"ready": true, "serving": false,
                "terminating": null},
             "targetRef": {"kind": "Pod", "name": "web-abc", "namespace": "demo", "uid": "u-1"},
             "nodeName": "n1", "zone": "z1", "hostname": "h",
                 "hints": {"forZones": [{"name": "z1"}]},
             "deprecatedTopology": {"a": "b"}},
            {"addresses": ["10.0.0.2", "10.0.0.3"], "targetRef": {"kind": "Node", "name": "n",
                "uid": "u-2"}}
        ])"));
    EXPECT_EQ(object->service, "web");
    EXPECT_EQ(object->address_type, AddressType::ipv4);
    ASSERT_EQ(object->ports.size(), 2u);
    EXPECT_EQ(object->ports[0].name, "http");
    EXPECT_EQ(object->ports[0].port, 8080);
    EXPECT_EQ(object->ports[1].port, std::nullopt);
    EXPECT_EQ(object->ports[1].protocol, "TCP");
    ASSERT_EQ(object->endpoints.size(), 2u);
    const SliceEndpoint& one = object->endpoints[0];
    EXPECT_EQ(one.ready, true);
    EXPECT_EQ(one.serving, false);
    EXPECT_EQ(one.terminating, std::nullopt);
    EXPECT_EQ(one.pod_name, "web-abc");
    EXPECT_EQ(one.pod_uid, "u-1");
    EXPECT_EQ(one.node_name, "n1");
    EXPECT_EQ(one.zone, "z1");
    EXPECT_EQ(object->endpoints[1].addresses.size(), 2u);
    EXPECT_EQ(object->endpoints[1].ready, std::nullopt);
    EXPECT_EQ(object->endpoints[1].pod_uid, "") << "only Pods name a pod";
}

TEST(EndpointSlice, WithoutLabelItBelongsToNoService) {
    const auto object = decode_good<EndpointSlice>(
        R"({"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"x"},
            "addressType":"FQDN","endpoints":null,"ports":null})"
    );
    EXPECT_EQ(object->service, "");
    EXPECT_TRUE(object->endpoints.empty());
}

TEST(EndpointSlice, AddressesFitTheirType) {
    const auto with = [](const std::string& type, const std::string& address) {
        return slice(
            R"("addressType":")" + type + R"(","endpoints":[{"addresses":[")" + address + R"("]}])"
        );
    };
    EXPECT_EQ(problems_of(with("IPv4", "127.0.0.1")), Problems{});
    EXPECT_EQ(problems_of(with("IPv6", "fd00::1")), Problems{});
    EXPECT_EQ(problems_of(with("FQDN", "a.example.com")), Problems{});
    EXPECT_EQ(
        problems_of(with("IPv4", "fd00::1")),
        Problems{"endpoints[0].addresses[0]: \"fd00::1\" must be an IPv4 address"}
    );
    EXPECT_EQ(
        problems_of(with("IPv6", "10.0.0.1")),
        Problems{"endpoints[0].addresses[0]: \"10.0.0.1\" must be an IPv6 address"}
    );
    EXPECT_EQ(problems_of(with("FQDN", "A b")).size(), 1u);
    EXPECT_EQ(problems_of(with("IPv5", "10.0.0.1")).size(), 1u);
    EXPECT_EQ(problems_of(with("IPv4", "")).size(), 1u);
    EXPECT_EQ(problems_of(with("IPv4", "10.0.0.1:80")).size(), 1u);
    EXPECT_EQ(problems_of(slice(R"("endpoints":[])")), Problems{"addressType: is required"});
}

TEST(EndpointSlice, CountsHaveLimits) {
    const auto endpoints = [](size_t count) {
        return slice(
            R"("addressType":"IPv4","endpoints":)" +
            list_of_items(R"({"addresses":["10.0.0.1"]})", count)
        );
    };
    EXPECT_EQ(problems_of(endpoints(1000)), Problems{});
    EXPECT_EQ(
        problems_of(endpoints(1001)),
        Problems{"endpoints: has 1001 items: at most 1000 are allowed"}
    );
    const auto addresses = [](size_t count) {
        return slice(
            R"("addressType":"IPv4","endpoints":[{"addresses":)" +
            list_of_items(R"("10.0.0.1")", count) + "}]"
        );
    };
    EXPECT_EQ(problems_of(addresses(100)), Problems{});
    EXPECT_EQ(problems_of(addresses(101)).size(), 1u);
    EXPECT_EQ(
        problems_of(addresses(0)),
        Problems{"endpoints[0].addresses: has 0 items: at least 1 is needed"}
    );
    const auto ports = [](size_t count) {
        return slice(R"("addressType":"IPv4","ports":)" + list_of_items(R"({"port":1})", count));
    };
    EXPECT_EQ(problems_of(ports(20'000)), Problems{});
    EXPECT_EQ(problems_of(ports(20'001)).size(), 1u);
}

TEST(EndpointSlice, ConditionsAreBooleans) {
    EXPECT_EQ(
        problems_of(slice(
            R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],
                "conditions":{"ready":"true","redy":1}}])"
        )),
        (Problems{
            "endpoints[0].conditions.ready: is a string \"true\": must be a boolean",
            R"(endpoints[0].conditions: unknown field "redy": did you mean "ready"?)"
        })
    );
}

TEST(EndpointSlice, EqualityLooksAtConditions) {
    const auto with = [](const std::string& ready) {
        return decode_good<EndpointSlice>(slice(
            R"("addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],
                "conditions":{"ready":)" +
            ready + "}}]"
        ));
    };
    EXPECT_EQ(*with("true"), *with("  true"));
    EXPECT_FALSE(*with("true") == *with("false"));
    EXPECT_FALSE(*with("true") == *with("null"));
}

}  // namespace
}  // namespace sluice::model
