// Tests one file's text to objects: what kubectl prints is read strictly, problems name their
// places, and a file is taken whole or not at all.
#include "controller/files/manifest.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::files {
namespace {

using Texts = std::vector<std::string>;

Texts problems(const std::string& text, const std::string& file = "a.yaml") {
    Texts out;
    for (const model::Problem& problem : parse_manifest(text, file).problems) {
        out.push_back(to_string(problem));
    }
    return out;
}

// As `kubectl get ingress,svc,endpointslice -o yaml --show-managed-fields` prints them.
constexpr const char* kKubectlList = R"(apiVersion: v1
items:
- apiVersion: networking.k8s.io/v1
  kind: Ingress
  metadata:
    annotations:
      kubectl.kubernetes.io/last-applied-configuration: |
        {"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web"}}
    creationTimestamp: "2026-01-31T10:00:00Z"
    finalizers:
    - example.com/protect
    generation: 2
    labels:
      app.kubernetes.io/name: web
    managedFields:
    - apiVersion: networking.k8s.io/v1
      fieldsType: FieldsV1
      fieldsV1:
        f:metadata:
          f:annotations:
            .: {}
            f:kubectl.kubernetes.io/last-applied-configuration: {}
        f:spec:
          f:rules: {}
      manager: kubectl-client-side-apply
      operation: Update
      time: "2026-01-31T10:00:00Z"
    - apiVersion: networking.k8s.io/v1
      fieldsType: FieldsV1
      fieldsV1:
        f:status: {}
      manager: sluice
      operation: Apply
      subresource: status
      time: "2026-01-31T10:00:05Z"
    name: web
    namespace: demo
    ownerReferences:
    - apiVersion: apps/v1
      blockOwnerDeletion: true
      controller: true
      kind: Deployment
      name: web
      uid: 3b1c6d9e-0000-4000-8000-000000000001
    resourceVersion: "123456"
    uid: 3b1c6d9e-0000-4000-8000-000000000002
  spec:
    ingressClassName: sluice
    rules:
    - host: web.example.com
      http:
        paths:
        - backend:
            service:
              name: web
              port:
                name: http
          path: /
          pathType: Prefix
    tls:
    - hosts:
      - web.example.com
      secretName: web-tls
  status:
    loadBalancer:
      ingress:
      - hostname: lb.example.com
        ip: 192.0.2.10
        ipMode: VIP
        ports:
        - error: null
          port: 80
          protocol: TCP
- apiVersion: v1
  kind: Service
  metadata:
    creationTimestamp: "2026-01-31T10:00:00Z"
    deletionGracePeriodSeconds: 30
    deletionTimestamp: "2026-01-31T11:00:00Z"
    generateName: we
    name: web
    namespace: demo
    resourceVersion: "123457"
    selfLink: /api/v1/namespaces/demo/services/web
    uid: 3b1c6d9e-0000-4000-8000-000000000003
  spec:
    allocateLoadBalancerNodePorts: true
    clusterIP: 10.96.0.12
    clusterIPs:
    - 10.96.0.12
    externalIPs:
    - 192.0.2.11
    externalTrafficPolicy: Local
    healthCheckNodePort: 30999
    internalTrafficPolicy: Cluster
    ipFamilies:
    - IPv4
    ipFamilyPolicy: SingleStack
    loadBalancerClass: example.com/lb
    loadBalancerIP: 192.0.2.10
    loadBalancerSourceRanges:
    - 0.0.0.0/0
    ports:
    - appProtocol: http
      name: http
      nodePort: 30080
      port: 80
      protocol: TCP
      targetPort: 8080
    publishNotReadyAddresses: false
    selector:
      app: web
    sessionAffinity: ClientIP
    sessionAffinityConfig:
      clientIP:
        timeoutSeconds: 10800
    trafficDistribution: PreferClose
    type: LoadBalancer
  status:
    conditions:
    - lastTransitionTime: "2026-01-31T10:00:00Z"
      message: ""
      observedGeneration: 1
      reason: Ok
      status: "True"
      type: example.com/Ready
    loadBalancer:
      ingress:
      - ip: 192.0.2.10
- addressType: IPv4
  apiVersion: discovery.k8s.io/v1
  endpoints:
  - addresses:
    - 10.244.1.7
    conditions:
      ready: true
      serving: true
      terminating: false
    hints:
      forNodes:
      - name: node-1
      forZones:
      - name: zone-a
    nodeName: node-1
    targetRef:
      kind: Pod
      name: web-5d9c-abcde
      namespace: demo
      uid: 3b1c6d9e-0000-4000-8000-000000000004
    zone: zone-a
  kind: EndpointSlice
  metadata:
    annotations:
      endpoints.kubernetes.io/last-change-trigger-time: "2026-01-31T10:00:00Z"
    creationTimestamp: null
    generateName: web-
    labels:
      endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io
      kubernetes.io/service-name: web
    name: web-x7k2p
    namespace: demo
    resourceVersion: "123458"
  ports:
  - appProtocol: http
    name: http
    port: 8080
    protocol: TCP
kind: List
metadata:
  resourceVersion: ""
)";

TEST(Manifest, WhatKubectlPrintsIsReadStrictly) {
    const Manifest manifest = parse_manifest(kKubectlList, "list.yaml");
    EXPECT_EQ(problems(kKubectlList), Texts{});
    EXPECT_EQ(manifest.skipped, Texts{});
    ASSERT_EQ(manifest.objects.size(), 3u);
    const auto& ingress = *std::get<std::shared_ptr<const model::Ingress>>(manifest.objects[0]);
    EXPECT_EQ(ingress.meta.ns, "demo");
    EXPECT_EQ(ingress.meta.generation, 2);
    EXPECT_EQ(ingress.rules.at(0).paths.at(0).backend.port.name, "http");
    EXPECT_EQ(ingress.rules[0].paths[0].place.line, 53);
    const auto& service = *std::get<std::shared_ptr<const model::Service>>(manifest.objects[1]);
    EXPECT_EQ(service.type, model::ServiceType::load_balancer);
    EXPECT_EQ(service.ports.at(0).target_port, "8080");
    const auto& slice = *std::get<std::shared_ptr<const model::EndpointSlice>>(manifest.objects[2]);
    EXPECT_EQ(slice.service, "web");
    EXPECT_EQ(slice.endpoints.at(0).pod_name, "web-5d9c-abcde");
    EXPECT_EQ(slice.meta.origin.file, "list.yaml");
    EXPECT_GT(slice.meta.origin.place.line, ingress.meta.origin.place.line);
}

TEST(Manifest, ProblemsNameFileLineColumnAndField) {
    EXPECT_EQ(
        problems("apiVersion: v1\n"
                 "kind: Service\n"
                 "metadata: {name: a}\n"
                 "spec:\n"
                 "  ports:\n"
                 "  - port: http\n"
                 "    naem: x\n"
                 "---\n"
                 "apiVersion: sluice.dev/v1alpha1\n"
                 "kind: ModelRoute\n"
                 "metadata:\n"
                 "  name: a\n"
                 "spec:\n"
                 "  rules:\n"
                 "  - backendRefs:\n"
                 "    - {name: a, port: 010}\n"),
        (Texts{
            "a.yaml:6:11: spec.ports[0].port: is a string \"http\": must be an integer",
            "a.yaml:7:5: spec.ports[0]: unknown field \"naem\": did you mean \"name\"?",
            "a.yaml:16:23: spec.rules[0].backendRefs[0].port: \"010\" is written without quotes, "
            "which "
            "kubectl (YAML 1.1) and YAML 1.2 read differently: put text in quotes, write true or "
            "false, write numbers without leading zeros or '_'",
        })
    );
}

constexpr const char* kService = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {}\n";

TEST(Manifest, AProblemKeepsTheWholeFileOut) {
    const Manifest manifest =
        parse_manifest(std::string(kService) + "---\nkind: Service\n", "a.yaml");
    EXPECT_TRUE(manifest.objects.empty());
    ASSERT_EQ(manifest.problems.size(), 1u);
    EXPECT_EQ(
        to_string(manifest.problems[0]),
        "a.yaml:6:1: apiVersion: is required: every document names its apiVersion and kind"
    );
}

TEST(Manifest, OtherKindsAreNotedAndTheirContentIsTheirs) {
    const Manifest manifest = parse_manifest(
        std::string("# x\napiVersion: apps/v1\nkind: Deployment\nspec: {on: yes, mode: 0644}\n---\n"
        ) + kService,
        "app.yaml"
    );
    EXPECT_TRUE(manifest.problems.empty());
    EXPECT_EQ(manifest.skipped, Texts{"app.yaml:2: apps/v1 Deployment is not read by Sluice"});
    EXPECT_EQ(manifest.objects.size(), 1u);
}

TEST(Manifest, TheSameObjectTwiceInOneFile) {
    EXPECT_EQ(
        problems(std::string(kService) + "---\n" + kService),
        Texts{"a.yaml:6:1: metadata.name: Service default/a stands also in line 1 of this file: "
              "keep one of them"}
    );
}

TEST(Manifest, JsonByItsName) {
    const std::string text =
        R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{}})";
    EXPECT_EQ(parse_manifest(text, "a.json").objects.size(), 1u);
    EXPECT_EQ(parse_manifest(text, "a.yaml").objects.size(), 1u) << "JSON is YAML";
    EXPECT_EQ(problems("a: 1", "a.json"), Texts{"a.json:1:1: is not valid JSON here"});
    EXPECT_EQ(
        problems("\n\x01", "a.json"),
        Texts{"a.json:2:1: the byte 0x01 is a control byte: remove it"}
    );
}

TEST(Manifest, EmptyFilesHoldNothingAndAreFine) {
    EXPECT_EQ(problems(""), Texts{});
    EXPECT_EQ(problems("---\n# words\n---\n"), Texts{});
    EXPECT_EQ(problems("apiVersion: v1\nkind: List\nitems: []\n"), Texts{});
}

TEST(Manifest, DocumentsThatAreNoObjects) {
    EXPECT_EQ(problems("just words\n"), Texts{"a.yaml:1:1: is a string: must be a map"});
    EXPECT_EQ(
        problems("apiVersion: v1\nkind: List\nitems:\n- 1\n"),
        Texts{"a.yaml:4:3: is an integer: must be a map"}
    );
}

TEST(Manifest, BytesHaveALimit) {
    std::string text = std::string(kService) + "#";
    text.resize(limits::kManifestBytes, 'x');
    EXPECT_EQ(problems(text), Texts{});
    text += 'x';
    EXPECT_EQ(problems(text), Texts{"a.yaml: has more than 4194304 bytes: split it"});
}

TEST(Manifest, ProblemsHaveALimit) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "--- 1\n";
    EXPECT_EQ(problems(text).size(), limits::kManifestProblems);
}

}  // namespace
}  // namespace sluice::files
