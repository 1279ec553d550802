// The table of networking.k8s.io/v1 Ingress, with the checks that the API server makes on one.
#include "controller/model/tables.h"
#include "table/limits.h"

namespace sluice::model {
namespace {

using Type = Value::Kind;
// The API has no bound of its own on these lists: what one document may hold bounds them.
constexpr size_t kUnbounded = limits::kManifestNodes;

const Fields<ServicePortRef>& port_fields() {
    static const Fields<ServicePortRef> kFields{
        {
            field("name", &ServicePortRef::name, Text{check_port_name}),
            field("number", &ServicePortRef::number, Int{1, 65535}),
        },
        [](ServicePortRef& port, const Value& value, Cursor& cursor) {
            if (port.name.empty() == (port.number == 0)) {
                cursor.problem(value.place, "must have exactly one of name and number");
            }
        },
    };
    return kFields;
}

const Fields<IngressBackend>& service_backend_fields() {
    static const Fields<IngressBackend> kFields{{
        required(field("name", &IngressBackend::service, Text{check_dns_label})),
        required(field("port", &IngressBackend::port, sub(port_fields))),
    }};
    return kFields;
}

struct ResourceRef {
    std::string group;
    std::string kind;
    std::string name;
};

const Fields<ResourceRef>& resource_fields() {
    static const Fields<ResourceRef> kFields{{
        field("apiGroup", &ResourceRef::group, Text{check_dns_subdomain}),
        required(field("kind", &ResourceRef::kind, Text{check_not_empty})),
        required(field("name", &ResourceRef::name, Text{check_not_empty})),
    }};
    return kFields;
}

void read_resource(IngressBackend& backend, const Value& value, Cursor& cursor) {
    ResourceRef ref;
    read_fields(ref, value, resource_fields(), cursor);
    backend.resource = ref.kind + (ref.group.empty() ? "" : '.' + ref.group) + '/' + ref.name;
}

const Fields<IngressBackend>& backend_fields() {
    static const Fields<IngressBackend> kFields{
        {
            {"resource", read_resource},
            nested("service", service_backend_fields),
        },
        [](IngressBackend& backend, const Value& value, Cursor& cursor) {
            if (backend.service.empty() == backend.resource.empty()) {
                cursor.problem(value.place, "must have exactly one of service and resource");
            }
        },
    };
    return kFields;
}

void check_path(IngressPath& path, const Value& value, Cursor& cursor) {
    // Without a type's promise, the API server only wants the path absolute; it may be absent.
    const bool free = path.type == PathType::implementation_specific;
    if (free && (path.path.empty() || path.path.front() == '/')) return;
    const Complaint complaint = check_absolute_path(path.path);
    if (complaint.empty()) return;
    const Value* text = value.find("path");
    cursor.problem_at(
        "path",
        text == nullptr ? value.place : text->place,
        in_quotes(path.path) + ' ' + std::string(complaint)
    );
}

const Fields<IngressPath>& path_fields() {
    static const Fields<IngressPath> kFields{
        {
            required(field("backend", &IngressPath::backend, sub(backend_fields))),
            field("path", &IngressPath::path, Text{}),
            required(field(
                "pathType",
                &IngressPath::type,
                Choice<PathType>{
                    {{"Exact", PathType::exact},
                     {"Prefix", PathType::prefix},
                     {"ImplementationSpecific", PathType::implementation_specific}}
                }
            )),
        },
        check_path,
    };
    return kFields;
}

const Fields<IngressRule>& http_fields() {
    static const Fields<IngressRule> kFields{{
        required(field("paths", &IngressRule::paths, list_of(sub(path_fields), kUnbounded, 1))),
    }};
    return kFields;
}

Complaint check_optional_host(std::string_view host) {
    return host.empty() ? Complaint{} : check_host(host);
}

const Fields<IngressRule>& rule_fields() {
    static const Fields<IngressRule> kFields{{
        field("host", &IngressRule::host, Text{check_optional_host}),
        nested("http", http_fields),
    }};
    return kFields;
}

const Fields<IngressTls>& tls_fields() {
    static const Fields<IngressTls> kFields{{
        field("hosts", &IngressTls::hosts, list_of(Text{check_host}, kUnbounded)),
        field("secretName", &IngressTls::secret_name, Text{check_dns_subdomain}),
    }};
    return kFields;
}

const Fields<Ingress>& spec_fields() {
    static const Fields<Ingress> kFields{
        {
            field("defaultBackend", &Ingress::default_backend, sub(backend_fields)),
            field("ingressClassName", &Ingress::class_name, Text{check_dns_subdomain}),
            field("rules", &Ingress::rules, list_of(sub(rule_fields), kUnbounded)),
            field("tls", &Ingress::tls, list_of(sub(tls_fields), kUnbounded)),
        },
        [](Ingress& ingress, const Value& value, Cursor& cursor) {
            if (!ingress.default_backend && ingress.rules.empty()) {
                cursor.problem(value.place, "must have rules or a defaultBackend");
            }
        },
    };
    return kFields;
}

const Fields<Unread>& status_fields() {
    static const Fields<Unread> kFields{{
        ignored("loadBalancer", Type::map, load_balancer_fields),
    }};
    return kFields;
}

// The annotation is what chose a class before ingressClassName; the field wins, as in the API
// server.
void take_old_class(Ingress& ingress, const Value&, Cursor&) {
    if (ingress.class_name) return;
    const auto at = ingress.meta.annotations.find("kubernetes.io/ingress.class");
    if (at != ingress.meta.annotations.end()) ingress.class_name = at->second;
}

}  // namespace

const Fields<Ingress>& ingress_fields() {
    static const Fields<Ingress> kFields{
        {
            ignored("apiVersion", Type::string),
            ignored("kind", Type::string),
            required(field("metadata", &Ingress::meta, sub(meta_fields))),
            required(nested("spec", spec_fields)),
            ignored("status", Type::map, status_fields),
        },
        take_old_class,
    };
    return kFields;
}

}  // namespace sluice::model
