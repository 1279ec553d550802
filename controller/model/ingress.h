// networking.k8s.io/v1 Ingress and IngressClass as plain structs: every field of the API that we
// act on. Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/model/meta.h"

namespace sluice::model {

struct IngressClass {
    static constexpr Kind kKind = Kind::ingress_class;
    Meta meta;
    std::string controller;   // spec.controller; ours is "sluice.dev/ingress-controller"
    bool is_default() const;  // annotation ingressclass.kubernetes.io/is-default-class: "true"
    bool operator==(const IngressClass&) const = default;
};

struct ServicePortRef {  // exactly one of name and number
    std::string name;
    int32_t number = 0;
    bool operator==(const ServicePortRef&) const = default;
};

struct IngressBackend {
    std::string service;  // "" when the backend is a resource reference
    ServicePortRef port;
    std::string resource;  // "kind.group/name" of backend.resource, which we refuse with a reason
    bool operator==(const IngressBackend&) const = default;
};

enum class PathType : uint8_t { exact, prefix, implementation_specific };

struct IngressPath {
    PathType type;
    std::string path;  // may be empty for implementation_specific
    IngressBackend backend;
    Place place;
    bool operator==(const IngressPath&) const = default;
};

struct IngressRule {
    std::string host;  // "" any
    std::vector<IngressPath> paths;
    Place place;
    bool operator==(const IngressRule&) const = default;
};

struct IngressTls {
    std::vector<std::string> hosts;
    std::string secret_name;
    bool operator==(const IngressTls&) const = default;
};

struct Ingress {
    static constexpr Kind kKind = Kind::ingress;
    Meta meta;
    std::optional<std::string>
        class_name;  // spec.ingressClassName; else the old annotation kubernetes.io/ingress.class
    std::optional<IngressBackend> default_backend;
    std::vector<IngressRule> rules;
    std::vector<IngressTls> tls;
    bool operator==(const Ingress&) const = default;
};

}  // namespace sluice::model
