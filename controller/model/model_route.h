// sluice.dev/v1alpha1 ModelRoute as plain structs. A field is here only because it is enforced;
// crds/ and the docs name the same fields. Bounds stand in the decoder's table (model_route.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controller/model/meta.h"

namespace sluice::model {

enum class PathMatchType : uint8_t { exact, path_prefix, regular_expression };
enum class ValueMatchType : uint8_t { exact, regular_expression };

struct PathMatch {
    PathMatchType type = PathMatchType::path_prefix;
    std::string value = "/";
    bool operator==(const PathMatch&) const = default;
};

struct NamedMatch {  // a header or a query parameter
    ValueMatchType type = ValueMatchType::exact;
    std::string name;
    std::string value;
    bool operator==(const NamedMatch&) const = default;
};

struct RouteMatch {  // all that are given must hold
    std::optional<PathMatch> path;
    std::vector<NamedMatch> headers;
    std::vector<NamedMatch> query_params;
    std::string method;  // "" any
    Place place;
    bool operator==(const RouteMatch&) const = default;
};

struct HeaderValue {
    std::string name;
    std::string value;
    bool operator==(const HeaderValue&) const = default;
};

struct HeaderModifier {
    std::vector<HeaderValue> set;
    std::vector<HeaderValue> add;
    std::vector<std::string> remove;
    bool operator==(const HeaderModifier&) const = default;
};

struct PathModifier {  // exactly one
    std::optional<std::string> replace_full_path;
    std::optional<std::string> replace_prefix_match;
    bool operator==(const PathModifier&) const = default;
};

struct UrlRewrite {
    std::string hostname;  // "" keeps
    std::optional<PathModifier> path;
    bool operator==(const UrlRewrite&) const = default;
};

struct RequestRedirect {
    std::string scheme;    // "", "http", "https"
    std::string hostname;  // "" keeps
    std::optional<int32_t> port;
    int32_t status_code = 302;  // 301, 302, 303, 307, 308
    std::optional<PathModifier> path;
    bool operator==(const RequestRedirect&) const = default;
};

enum class FilterType : uint8_t {
    request_header_modifier,
    response_header_modifier,
    url_rewrite,
    request_redirect
};

struct RouteFilter {  // the member that `type` names, and only that, is present
    FilterType type;
    std::optional<HeaderModifier> request_header_modifier;
    std::optional<HeaderModifier> response_header_modifier;
    std::optional<UrlRewrite> url_rewrite;
    std::optional<RequestRedirect> request_redirect;
    Place place;
    bool operator==(const RouteFilter&) const = default;
};

struct BackendRef {
    std::string kind = "Service";  // only Service in this version
    std::string name;
    std::string port;    // port number, or port name, as text
    int32_t weight = 1;  // 0..1,000,000
    Place place;
    bool operator==(const BackendRef&) const = default;
};

enum class LoadBalancingPolicy : uint8_t { least_requests, round_robin };

struct Timeouts {  // milliseconds; absent = default of the design (section 10.14)
    std::optional<int64_t> connect_ms;
    std::optional<int64_t> first_token_ms;
    std::optional<int64_t> idle_ms;
    std::optional<int64_t> request_ms;
    bool operator==(const Timeouts&) const = default;
};

struct RouteRule {
    std::string name;                 // unique in the route; "" = its index as text
    std::vector<RouteMatch> matches;  // any of them; none = everything
    std::vector<RouteFilter> filters;
    std::vector<BackendRef> backend_refs;
    LoadBalancingPolicy policy = LoadBalancingPolicy::least_requests;
    Timeouts timeouts;
    Place place;
    bool operator==(const RouteRule&) const = default;
};

struct ModelRoute {
    static constexpr Kind kKind = Kind::model_route;
    Meta meta;
    std::optional<std::string> class_name;  // spec.ingressClassName
    std::vector<std::string> hostnames;     // none = any host
    std::vector<RouteRule> rules;
    bool operator==(const ModelRoute&) const = default;
};

}  // namespace sluice::model
