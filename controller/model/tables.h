// The field tables of all kinds: what decode() picks from. Each is made once, when first needed.
#pragma once

#include "controller/model/field.h"
#include "controller/model/ingress.h"
#include "controller/model/model_route.h"
#include "controller/model/service.h"

namespace sluice::model {

const Fields<Meta>& meta_fields();
const Fields<IngressClass>& ingress_class_fields();
const Fields<Ingress>& ingress_fields();
const Fields<Service>& service_fields();
const Fields<EndpointSlice>& endpoint_slice_fields();
const Fields<ModelRoute>& model_route_fields();
const Fields<RouteFilter>& route_filter_fields();

// Shared by the statuses of Ingress and Service: one address that a load balancer gave.
const Fields<Unread>& load_balancer_fields();
// metav1.Condition.
const Fields<Unread>& condition_fields();

}  // namespace sluice::model
