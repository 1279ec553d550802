// The table of ObjectMeta (all its fields) and of the status parts that several kinds share.
// Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
#include <limits>

#include "controller/model/tables.h"

namespace sluice::model {
namespace {

using Type = Value::Kind;
constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();

const Fields<Unread>& owner_fields() {
    static const Fields<Unread> kFields{{
        ignored("apiVersion", Type::string),
        ignored("blockOwnerDeletion", Type::boolean),
        ignored("controller", Type::boolean),
        ignored("kind", Type::string),
        ignored("name", Type::string),
        ignored("uid", Type::string),
    }};
    return kFields;
}

const Fields<Unread>& managed_fields() {
    static const Fields<Unread> kFields{{
        ignored("apiVersion", Type::string),
        ignored("fieldsType", Type::string),
        ignored("fieldsV1", Type::map),
        ignored("manager", Type::string),
        ignored("operation", Type::string),
        ignored("subresource", Type::string),
        ignored("time", Type::string),
    }};
    return kFields;
}

const Fields<Unread>& port_status_fields() {
    static const Fields<Unread> kFields{{
        ignored("error", Type::string),
        ignored("port", Type::integer),
        ignored("protocol", Type::string),
    }};
    return kFields;
}

const Fields<Unread>& load_balancer_ingress_fields() {
    static const Fields<Unread> kFields{{
        ignored("hostname", Type::string),
        ignored("ip", Type::string),
        ignored("ipMode", Type::string),
        ignored("ports", Type::list, port_status_fields),
    }};
    return kFields;
}

}  // namespace

const Fields<Unread>& load_balancer_fields() {
    static const Fields<Unread> kFields{{
        ignored("ingress", Type::list, load_balancer_ingress_fields),
    }};
    return kFields;
}

const Fields<Unread>& condition_fields() {
    static const Fields<Unread> kFields{{
        ignored("lastTransitionTime", Type::string),
        ignored("message", Type::string),
        ignored("observedGeneration", Type::integer),
        ignored("reason", Type::string),
        ignored("status", Type::string),
        ignored("type", Type::string),
    }};
    return kFields;
}

// The rule for the name differs by kind: each kind's check looks at it (decode.cc).
const Fields<Meta>& meta_fields() {
    static const Fields<Meta> kFields{{
        field("annotations", &Meta::annotations, TextMap{check_qualified_name}),
        field("creationTimestamp", &Meta::creation_timestamp, Text{check_timestamp}),
        ignored("deletionGracePeriodSeconds", Type::integer),
        ignored("deletionTimestamp", Type::string),
        ignored("finalizers", Type::list),
        ignored("generateName", Type::string),
        field("generation", &Meta::generation, Int{0, kInt64Max}),
        field("labels", &Meta::labels, TextMap{check_qualified_name, check_label_value}),
        ignored("managedFields", Type::list, managed_fields),
        required(field("name", &Meta::name, Text{check_dns_subdomain})),
        field("namespace", &Meta::ns, Text{check_dns_label}),
        ignored("ownerReferences", Type::list, owner_fields),
        field("resourceVersion", &Meta::resource_version, Text{check_any, 128}),
        ignored("selfLink", Type::string),
        field("uid", &Meta::uid, Text{check_any, 128}),
    }};
    return kFields;
}

}  // namespace sluice::model
