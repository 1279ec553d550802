// The table of sluice.dev/v1alpha1 ModelRoute: matches, backends, timeouts. crds/ names the same
// fields.
#include "controller/model/model_route.h"

#include <set>

#include "controller/model/tables.h"
#include "table/limits.h"

namespace sluice::model {
namespace {

using Type = Value::Kind;
constexpr size_t kMaxHostnames = 16;
constexpr size_t kMaxRules = 16;
constexpr size_t kMaxMatches = 8;
constexpr size_t kMaxPredicates = 16;  // headers, and query parameters, of one match
constexpr size_t kMaxFilters = 16;
constexpr size_t kMaxBackends = 32;
constexpr size_t kMaxValueBytes = 4096;

void problem_of(std::string_view member, const Value& map, std::string message, Cursor& cursor) {
    const Value* value = map.find(member);
    cursor.problem_at(member, value == nullptr ? map.place : value->place, std::move(message));
}

void check_path(PathMatch& path, const Value& value, Cursor& cursor) {
    const bool regex = path.type == PathMatchType::regular_expression;
    const size_t most = regex ? limits::kRegexBytes : limits::kPathBytes;
    if (path.value.size() > most) {
        return problem_of(
            "value",
            value,
            "has " + std::to_string(path.value.size()) + " bytes: at most " + std::to_string(most) +
                " are allowed",
            cursor
        );
    }
    const Complaint complaint =
        regex ? check_printable(path.value) : check_absolute_path(path.value);
    if (complaint.empty()) return;
    problem_of("value", value, in_quotes(path.value) + ' ' + std::string(complaint), cursor);
}

const Fields<PathMatch>& path_fields() {
    static const Fields<PathMatch> kFields{
        {
            field(
                "type",
                &PathMatch::type,
                Choice<PathMatchType>{
                    {{"Exact", PathMatchType::exact},
                     {"PathPrefix", PathMatchType::path_prefix},
                     {"RegularExpression", PathMatchType::regular_expression}}
                }
            ),
            field("value", &PathMatch::value, Text{check_printable}),
        },
        check_path,
    };
    return kFields;
}

void check_pattern(NamedMatch& match, const Value& value, Cursor& cursor) {
    if (match.type != ValueMatchType::regular_expression) return;
    if (match.value.empty()) return problem_of("value", value, "must not be empty", cursor);
    if (match.value.size() <= limits::kRegexBytes) return;
    problem_of(
        "value",
        value,
        "has " + std::to_string(match.value.size()) + " bytes: at most " +
            std::to_string(limits::kRegexBytes) + " are allowed",
        cursor
    );
}

Field<NamedMatch> match_type() {
    return field(
        "type",
        &NamedMatch::type,
        Choice<ValueMatchType>{
            {{"Exact", ValueMatchType::exact},
             {"RegularExpression", ValueMatchType::regular_expression}}
        }
    );
}

const Fields<NamedMatch>& header_match_fields() {
    static const Fields<NamedMatch> kFields{
        {
            required(
                field("name", &NamedMatch::name, Text{check_header_name, limits::kFieldNameBytes})
            ),
            match_type(),
            required(field("value", &NamedMatch::value, Text{check_header_value, kMaxValueBytes})),
        },
        check_pattern,
    };
    return kFields;
}

Complaint check_no_control(std::string_view text) {
    return text.empty() ? Complaint{} : check_printable(text);
}

const Fields<NamedMatch>& query_match_fields() {
    static const Fields<NamedMatch> kFields{
        {
            required(
                field("name", &NamedMatch::name, Text{check_printable, limits::kFieldNameBytes})
            ),
            match_type(),
            required(field("value", &NamedMatch::value, Text{check_no_control, kMaxValueBytes})),
        },
        check_pattern,
    };
    return kFields;
}

const Fields<RouteMatch>& match_fields() {
    static const Fields<RouteMatch> kFields{{
        field("headers", &RouteMatch::headers, list_of(sub(header_match_fields), kMaxPredicates)),
        field(
            "method",
            &RouteMatch::method,
            words({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
        ),
        field("path", &RouteMatch::path, sub(path_fields)),
        field(
            "queryParams",
            &RouteMatch::query_params,
            list_of(sub(query_match_fields), kMaxPredicates)
        ),
    }};
    return kFields;
}

const Fields<BackendRef>& backend_fields() {
    static const Fields<BackendRef> kFields{{
        field("kind", &BackendRef::kind, words({"Service"})),
        required(field("name", &BackendRef::name, Text{check_dns_label})),
        required(field("port", &BackendRef::port, PortText{})),
        field("weight", &BackendRef::weight, Int{0, static_cast<int64_t>(limits::kWeight)}),
    }};
    return kFields;
}

const Fields<Timeouts>& timeout_fields() {
    static const Fields<Timeouts> kFields{{
        field("connect", &Timeouts::connect_ms, Duration{}),
        field("firstToken", &Timeouts::first_token_ms, Duration{}),
        field("idle", &Timeouts::idle_ms, Duration{}),
        field("request", &Timeouts::request_ms, Duration{}),
    }};
    return kFields;
}

const Fields<RouteRule>& load_balancing_fields() {
    static const Fields<RouteRule> kFields{{
        field(
            "policy",
            &RouteRule::policy,
            Choice<LoadBalancingPolicy>{
                {{"LeastRequests", LoadBalancingPolicy::least_requests},
                 {"RoundRobin", LoadBalancingPolicy::round_robin}}
            }
        ),
    }};
    return kFields;
}

const Fields<RouteRule>& rule_fields() {
    static const Fields<RouteRule> kFields{{
        field("backendRefs", &RouteRule::backend_refs, list_of(sub(backend_fields), kMaxBackends)),
        field("filters", &RouteRule::filters, list_of(sub(route_filter_fields), kMaxFilters)),
        nested("loadBalancing", load_balancing_fields),
        field("matches", &RouteRule::matches, list_of(sub(match_fields), kMaxMatches)),
        field("name", &RouteRule::name, Text{check_dns_label}),
        field("timeouts", &RouteRule::timeouts, sub(timeout_fields)),
    }};
    return kFields;
}

// A rule without a name is known by its index, so an index may not be another rule's name either.
void check_rule_names(ModelRoute& route, const Value& spec, Cursor& cursor) {
    std::set<std::string> names;
    const Value* rules = spec.find("rules");
    for (size_t i = 0; i < route.rules.size(); ++i) {
        const std::string& given = route.rules[i].name;
        const std::string name = given.empty() ? std::to_string(i) : given;
        if (names.insert(name).second) continue;
        const Cursor::Step list(cursor, "rules");
        const Cursor::Step item(cursor, i);
        problem_of(
            "name",
            rules->list[i],
            in_quotes(name) + " names two rules of this route: rename one",
            cursor
        );
    }
}

const Fields<ModelRoute>& spec_fields() {
    static const Fields<ModelRoute> kFields{
        {
            field("hostnames", &ModelRoute::hostnames, list_of(Text{check_host}, kMaxHostnames)),
            field("ingressClassName", &ModelRoute::class_name, Text{check_dns_subdomain}),
            required(field("rules", &ModelRoute::rules, list_of(sub(rule_fields), kMaxRules, 1))),
        },
        check_rule_names,
    };
    return kFields;
}

}  // namespace

const Fields<ModelRoute>& model_route_fields() {
    static const Fields<ModelRoute> kFields{{
        ignored("apiVersion", Type::string),
        ignored("kind", Type::string),
        required(field("metadata", &ModelRoute::meta, sub(meta_fields))),
        required(nested("spec", spec_fields)),
        ignored("status", Type::map),
    }};
    return kFields;
}

}  // namespace sluice::model
