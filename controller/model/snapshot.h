// All objects of one moment, immutable and shared: what the compiler reads. Ordered by key, so
// iteration order never depends on arrival.
#pragma once

#include <map>
#include <memory>

#include "controller/model/ingress.h"
#include "controller/model/model_route.h"
#include "controller/model/service.h"

namespace sluice::model {

template <class T>
using Objects = std::map<ObjectKey, std::shared_ptr<const T>>;

struct Snapshot {
    Objects<IngressClass> ingress_classes;
    Objects<Ingress> ingresses;
    Objects<Service> services;
    Objects<EndpointSlice> endpoint_slices;
    Objects<ModelRoute> model_routes;
};

}  // namespace sluice::model
