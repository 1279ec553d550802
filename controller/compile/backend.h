// One backend of a table, as its EndpointSlices are looked up: values only, so that it outlives the
// snapshot that it was resolved in.
#pragma once

#include <memory>
#include <string>

#include "controller/model/meta.h"
#include "table/key.h"

namespace sluice::compile {

struct Backend {
    table::Key64 key;
    std::string name;  // "Service/demo/llama/http"
    model::ObjectKey service;
    std::string port;  // the Service port's name, by which slices call it; "" when it has none
};

using BackendPtr = std::shared_ptr<const Backend>;

}  // namespace sluice::compile
