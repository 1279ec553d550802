// Events in, immutable snapshots out. Level, not edge: a batch only marks what changed; the loop
// reads the whole snapshot when it compiles. One thread.
#pragma once

#include <memory>

#include "controller/model/event.h"

namespace sluice::store {

struct Dirty {
    bool routes = false;     // Ingress, IngressClass, ModelRoute, Service
    bool endpoints = false;  // EndpointSlice: needs no route compile
    bool any() const { return routes || endpoints; }
};

class Store {
public:
    // An object equal to the stored one marks nothing dirty.
    void apply(const model::Batch& batch);
    std::shared_ptr<const model::Snapshot> snapshot() const;
    // What changed since the last call.
    Dirty take_dirty();

private:
    template <class T>
    void put(const std::shared_ptr<const T>& object);

    model::Snapshot& writable();

    // Shared with whoever asked for a snapshot; copied before a write only while somebody still
    // holds it.
    std::shared_ptr<model::Snapshot> current_ = std::make_shared<model::Snapshot>();
    Dirty dirty_;
};

}  // namespace sluice::store
