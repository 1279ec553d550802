// Names of kinds and objects as people write them, and the text of a problem.
#include "controller/model/meta.h"

#include <tuple>

#include "controller/model/event.h"

namespace sluice::model {

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::ingress_class:
            return "IngressClass";
        case Kind::ingress:
            return "Ingress";
        case Kind::service:
            return "Service";
        case Kind::endpoint_slice:
            return "EndpointSlice";
        case Kind::model_route:
            return "ModelRoute";
    }
    return "unknown kind";
}

std::string to_string(const ObjectKey& key) {
    std::string text{kind_name(key.kind)};
    text += ' ';
    if (!key.ns.empty()) text += key.ns + '/';
    return text + key.name;
}

bool Meta::operator==(const Meta& other) const {
    const auto content = [](const Meta& meta) {
        return std::tie(
            meta.name,
            meta.ns,
            meta.uid,
            meta.generation,
            meta.creation_timestamp,
            meta.labels,
            meta.annotations
        );
    };
    return content(*this) == content(other);
}

std::string to_string(const Problem& problem) {
    std::string text;
    const Place place = problem.origin.place;
    if (!problem.origin.file.empty()) {
        text += problem.origin.file;
        if (place.line > 0) {
            text += ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
        }
        text += ": ";
    }
    if (!problem.field.empty()) text += problem.field + ": ";
    return text + problem.message;
}

ObjectKey key_of(const Object& object) {
    return std::visit(
        [](const auto& pointer) {
            using Type = typename std::decay_t<decltype(pointer)>::element_type;
            return ObjectKey{Type::kKind, pointer->meta.ns, pointer->meta.name};
        },
        object
    );
}

}  // namespace sluice::model
