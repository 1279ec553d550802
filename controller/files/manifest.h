// The text of one manifest file to its objects. All or nothing: a file with a problem gives no
// objects, and its source keeps what it last had.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/model/event.h"

namespace sluice::files {

struct Manifest {
    std::vector<model::Object> objects;    // empty when there are problems
    std::vector<model::Problem> problems;  // at most limits::kManifestProblems
    std::vector<std::string> skipped;      // documents of kinds that Sluice does not read
};

// YAML, or JSON when the file's name ends in .json.
Manifest parse_manifest(std::string_view text, const std::string& file);

// Where an object was read.
const model::Origin& origin_of(const model::Object& object);

}  // namespace sluice::files
