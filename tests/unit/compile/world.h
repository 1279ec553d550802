// Snapshots of plain structs, made in a line or two, and look-ups in what was compiled from them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/compile/compile.h"

namespace sluice::compile::testing_support {

class World {
public:
    model::Snapshot snapshot;
    Options options;

    Compiled run() const { return compile(snapshot, options); }

    void add(model::Ingress ingress) { put(snapshot.ingresses, std::move(ingress)); }
    void add(model::ModelRoute route) { put(snapshot.model_routes, std::move(route)); }
    void add(model::Service service) { put(snapshot.services, std::move(service)); }
    void add(model::EndpointSlice slice) { put(snapshot.endpoint_slices, std::move(slice)); }
    void add(model::IngressClass item) { put(snapshot.ingress_classes, std::move(item)); }

private:
    template <class T>
    static void put(model::Objects<T>& objects, T object) {
        model::ObjectKey key{T::kKind, object.meta.ns, object.meta.name};
        objects[std::move(key)] = std::make_shared<const T>(std::move(object));
    }
};

model::Meta meta(std::string name, std::string created = "", std::string ns = "demo");
// A Service with one TCP port "http" 80.
model::Service service(std::string name);
// A slice of `name`'s port "http", 8080, with ready endpoints.
model::EndpointSlice slice(std::string name, std::vector<std::string> addresses);
model::IngressPath path(model::PathType type, std::string text, std::string service = "a");
// Class sluice.
model::Ingress ingress(
    std::string name,
    std::string host,
    std::vector<model::IngressPath> paths,
    std::string created = ""
);
model::BackendRef ref(std::string name, int32_t weight = 1);
model::RouteMatch path_match(model::PathMatchType type, std::string value);
// A rule that sends everything to Service a, port 80.
model::RouteRule rule(std::string name);
// Class sluice.
model::ModelRoute route(std::string name, std::vector<model::RouteRule> rules);

std::vector<Verdict> values_of(const Verdicts& verdicts);
// Fails the test when there is none.
const Verdict& verdict_of(const Compiled& compiled, const std::string& object);
// "refused conflict spec.rules[0]" of each finding, in order.
std::vector<std::string> findings_of(const Verdict& verdict);
// "exact /foo -> Ingress/demo/web/0/0" of each match of a host, in order; empty when it is unknown.
std::vector<std::string> matches_of(const Compiled& compiled, const std::string& host);
const table::RuleSpec& rule_of(const Compiled& compiled, const std::string& name);

}  // namespace sluice::compile::testing_support
