// Applies batches to maps of shared objects, copying the maps only when a snapshot of them is still
// held.
#include "controller/store/store.h"

#include <utility>

namespace sluice::store {
namespace {

using model::Kind;
using model::ObjectKey;
using model::Objects;
using model::Snapshot;

void mark(Dirty& dirty, Kind kind) {
    if (kind == Kind::endpoint_slice)
        dirty.endpoints = true;
    else
        dirty.routes = true;
}

Objects<model::IngressClass>& objects_of(Snapshot& s, const model::IngressClass*) {
    return s.ingress_classes;
}
Objects<model::Ingress>& objects_of(Snapshot& s, const model::Ingress*) {
    return s.ingresses;
}
Objects<model::Service>& objects_of(Snapshot& s, const model::Service*) {
    return s.services;
}
Objects<model::EndpointSlice>& objects_of(Snapshot& s, const model::EndpointSlice*) {
    return s.endpoint_slices;
}
Objects<model::ModelRoute>& objects_of(Snapshot& s, const model::ModelRoute*) {
    return s.model_routes;
}

bool erase(Snapshot& snapshot, const ObjectKey& key) {
    switch (key.kind) {
        case Kind::ingress_class:
            return snapshot.ingress_classes.erase(key) > 0;
        case Kind::ingress:
            return snapshot.ingresses.erase(key) > 0;
        case Kind::service:
            return snapshot.services.erase(key) > 0;
        case Kind::endpoint_slice:
            return snapshot.endpoint_slices.erase(key) > 0;
        case Kind::model_route:
            return snapshot.model_routes.erase(key) > 0;
    }
    return false;
}

}  // namespace

model::Snapshot& Store::writable() {
    if (current_.use_count() > 1) current_ = std::make_shared<Snapshot>(*current_);
    return *current_;
}

template <class T>
void Store::put(const std::shared_ptr<const T>& object) {
    const ObjectKey key{T::kKind, object->meta.ns, object->meta.name};
    std::shared_ptr<const T>& stored = objects_of(writable(), object.get())[key];
    // The newer object is kept even when it is equal: its place and resourceVersion are the fresh
    // ones.
    if (!stored || !(*stored == *object)) mark(dirty_, key.kind);
    stored = object;
}

void Store::apply(const model::Batch& batch) {
    for (const ObjectKey& key : batch.remove) {
        if (erase(writable(), key)) mark(dirty_, key.kind);
    }
    for (const model::Object& object : batch.apply) {
        std::visit([this](const auto& pointer) { put(pointer); }, object);
    }
}

std::shared_ptr<const model::Snapshot> Store::snapshot() const {
    return current_;
}

Dirty Store::take_dirty() {
    return std::exchange(dirty_, {});
}

}  // namespace sluice::store
