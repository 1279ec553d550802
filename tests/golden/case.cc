// Reads the files of a case, through the same decoder as the controller's file mode.
#include "tests/golden/case.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <variant>

#include <nlohmann/json.hpp>

#include "controller/files/manifest.h"

namespace sluice::golden {
namespace {

using Json = nlohmann::json;
constexpr const char* kRoot = "tests/golden";

std::vector<std::pair<std::string, std::string>> pairs_of(const Json& ask, const char* name) {
    std::vector<std::pair<std::string, std::string>> pairs;
    if (!ask.contains(name)) return pairs;
    for (const auto& [key, value] : ask.at(name).items()) pairs.emplace_back(key, value);
    return pairs;
}

Ask ask_of(const Json& json) {
    Ask ask;
    ask.host = json.at("host");
    ask.path = json.at("path");
    ask.method = json.value("method", "GET");
    ask.headers = pairs_of(json, "headers");
    ask.query = pairs_of(json, "query");
    if (!json.at("rule").is_null()) ask.rule = json.at("rule");
    return ask;
}

compile::Options options_of(const std::string& text) {
    compile::Options options;
    if (text.empty()) return options;
    const Json json = Json::parse(text);
    options.class_name = json.value("className", options.class_name);
    options.controller_name = json.value("controllerName", options.controller_name);
    options.watch_without_class = json.value("watchWithoutClass", false);
    options.allow_loopback_endpoints = json.value("allowLoopbackEndpoints", false);
    return options;
}

auto& objects_of(model::Snapshot& all, const model::IngressClass&) {
    return all.ingress_classes;
}
auto& objects_of(model::Snapshot& all, const model::Ingress&) {
    return all.ingresses;
}
auto& objects_of(model::Snapshot& all, const model::Service&) {
    return all.services;
}
auto& objects_of(model::Snapshot& all, const model::EndpointSlice&) {
    return all.endpoint_slices;
}
auto& objects_of(model::Snapshot& all, const model::ModelRoute&) {
    return all.model_routes;
}

}  // namespace

std::string read_text(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::filesystem::path> all_folders() {
    std::vector<std::filesystem::path> folders;
    for (const auto& entry : std::filesystem::directory_iterator(kRoot)) {
        if (entry.is_directory()) folders.push_back(entry.path());
    }
    std::sort(folders.begin(), folders.end());
    return folders;
}

Case load(const std::filesystem::path& folder) {
    Case out;
    out.folder = folder;
    const files::Manifest manifest =
        files::parse_manifest(read_text(folder / "in.yaml"), "in.yaml");
    for (const model::Problem& problem : manifest.problems) {
        ADD_FAILURE() << folder << ": " << model::to_string(problem);
    }
    EXPECT_FALSE(manifest.objects.empty()) << folder << " has no objects";
    out.objects = manifest.objects;
    out.options = options_of(read_text(folder / "options.json"));
    const std::string asks = read_text(folder / "asks.json");
    if (asks.empty()) return out;
    for (const Json& ask : Json::parse(asks)) out.asks.push_back(ask_of(ask));
    return out;
}

model::Snapshot snapshot_of(const std::vector<model::Object>& objects) {
    model::Snapshot snapshot;
    for (const model::Object& object : objects) {
        std::visit(
            [&](const auto& pointer) {
                objects_of(snapshot, *pointer)[model::key_of(object)] = pointer;
            },
            object
        );
    }
    return snapshot;
}

}  // namespace sluice::golden
