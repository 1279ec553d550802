// One golden case: a folder with in.yaml, the expected table.json and status.yaml, and optional
// asks.json.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "controller/compile/compile.h"
#include "controller/model/event.h"

namespace sluice::golden {

// A question to the compiled table, and the rule that must take it.
struct Ask {
    std::string host;
    std::string path;
    std::string method = "GET";
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::pair<std::string, std::string>> query;
    std::string rule;  // "" = no rule
};

struct Case {
    std::filesystem::path folder;
    compile::Options options;            // options.json, when there is one
    std::vector<model::Object> objects;  // in the order of in.yaml
    std::vector<Ask> asks;
};

std::vector<std::filesystem::path> all_folders();
// Fails the test when a file cannot be read.
Case load(const std::filesystem::path& folder);

model::Snapshot snapshot_of(const std::vector<model::Object>& objects);

std::string read_text(const std::filesystem::path& file);  // "" when it does not exist

}  // namespace sluice::golden
