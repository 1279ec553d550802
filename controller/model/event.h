// What a source (files, later the API server) tells the store. A source owns its objects: `apply`
// of a key replaces, `remove` deletes. A source sends a batch for each change that must be seen
// whole.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "controller/model/snapshot.h"

namespace sluice::model {

using Object = std::variant<
    std::shared_ptr<const IngressClass>,
    std::shared_ptr<const Ingress>,
    std::shared_ptr<const Service>,
    std::shared_ptr<const EndpointSlice>,
    std::shared_ptr<const ModelRoute>>;

ObjectKey key_of(const Object& object);

struct Batch {
    std::vector<Object> apply;
    std::vector<ObjectKey> remove;
};

}  // namespace sluice::model
