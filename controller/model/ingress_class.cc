// The table of networking.k8s.io/v1 IngressClass.
#include "controller/model/tables.h"

namespace sluice::model {
namespace {

using Type = Value::Kind;

const Fields<Unread>& parameters_fields() {
    static const Fields<Unread> kFields{{
        ignored("apiGroup", Type::string),
        ignored("kind", Type::string),
        ignored("name", Type::string),
        ignored("namespace", Type::string),
        ignored("scope", Type::string),
    }};
    return kFields;
}

const Fields<IngressClass>& spec_fields() {
    static const Fields<IngressClass> kFields{{
        required(field("controller", &IngressClass::controller, Text{check_controller_name})),
        ignored("parameters", Type::map, parameters_fields),
    }};
    return kFields;
}

}  // namespace

bool IngressClass::is_default() const {
    const auto at = meta.annotations.find("ingressclass.kubernetes.io/is-default-class");
    return at != meta.annotations.end() && at->second == "true";
}

const Fields<IngressClass>& ingress_class_fields() {
    static const Fields<IngressClass> kFields{{
        ignored("apiVersion", Type::string),
        ignored("kind", Type::string),
        required(field("metadata", &IngressClass::meta, sub(meta_fields))),
        required(nested("spec", spec_fields)),
    }};
    return kFields;
}

}  // namespace sluice::model
