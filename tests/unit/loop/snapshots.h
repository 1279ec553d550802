// Snapshots and verdicts as a compile leaves them, for the ledger and the pages.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "controller/loop/ledger.h"
#include "controller/model/snapshot.h"

namespace sluice::loop {

using RoutePtr = std::shared_ptr<const model::ModelRoute>;

inline RoutePtr route(const std::string& name, const std::string& version = "") {
    auto object = std::make_shared<model::ModelRoute>();
    object->meta.name = name;
    object->meta.ns = "demo";
    object->meta.resource_version = version;
    return object;
}

inline model::ObjectKey key_of(const RoutePtr& object) {
    return {model::Kind::model_route, object->meta.ns, object->meta.name};
}

inline std::shared_ptr<const model::Snapshot> snapshot_of(const std::vector<RoutePtr>& routes) {
    auto snapshot = std::make_shared<model::Snapshot>();
    for (const RoutePtr& object : routes) snapshot->model_routes[key_of(object)] = object;
    return snapshot;
}

inline compile::Verdict verdict_of(const RoutePtr& object) {
    compile::Verdict verdict;
    verdict.object = key_of(object);
    verdict.generation = 3;
    return verdict;
}

inline Ledger::Said said_of(std::vector<compile::Verdict> verdicts) {
    Ledger::Said said{.verdicts = {}, .reach = std::make_shared<const compile::Reach>()};
    for (compile::Verdict& verdict : verdicts) {
        said.verdicts.push_back(std::make_shared<const compile::Verdict>(std::move(verdict)));
    }
    return said;
}

inline std::vector<compile::Verdict> verdicts_of(const std::vector<RoutePtr>& routes) {
    std::vector<compile::Verdict> verdicts;
    for (const RoutePtr& object : routes) verdicts.push_back(verdict_of(object));
    return verdicts;
}

}  // namespace sluice::loop
