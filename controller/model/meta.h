// What every object has, and the problems that decoding one can have.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "controller/model/value.h"

namespace sluice::model {

enum class Kind : uint8_t { ingress_class, ingress, service, endpoint_slice, model_route };
inline constexpr size_t kKinds = 5;
std::string_view kind_name(Kind kind);  // "IngressClass"

struct ObjectKey {
    Kind kind;
    std::string ns;  // empty for cluster-scoped kinds
    std::string name;
    auto operator<=>(const ObjectKey&) const = default;
};
std::string to_string(const ObjectKey& key);  // "Ingress demo/web"

// Where the object was read: for messages only, never for decisions.
struct Origin {
    std::string file;  // "" for API objects
    Place place;
};

struct Meta {
    std::string name;
    std::string ns;  // files: "default" when absent on a namespaced kind
    std::string uid;
    std::string resource_version;
    int64_t generation = 0;
    std::string creation_timestamp;  // RFC 3339 UTC; sorts as text; "" counts as newest
    std::map<std::string, std::string> labels;
    std::map<std::string, std::string> annotations;
    Origin origin;

    // Equal content: where and at which resourceVersion it was read does not count.
    bool operator==(const Meta& other) const;
};

// One thing wrong with a document, with its place and field path ("spec.rules[0].host").
struct Problem {
    Origin origin;
    std::string field;
    std::string message;  // names the value and the remedy
};
std::string to_string(const Problem& problem);  // "file:line:column: field: message"

}  // namespace sluice::model
