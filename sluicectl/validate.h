// `sluicectl validate`: what the controller would say about manifests, without running anything.
#pragma once

#include <string>
#include <vector>

#include "controller/compile/compile.h"
#include "sluicectl/manifests.h"

namespace sluice::ctl {

struct ValidateSettings {
    std::vector<std::string> paths;
    std::string output = "text";  // or "json"
    compile::Options options;
};

// Whether somebody has to mend something: a document with a problem, or an object that is refused,
// in whole or in part, or refers to what is not there.
bool has_faults(const Manifests& manifests);

// Problems with file:line:column, then a verdict per object.
std::string validation_text(const Manifests& manifests);
std::string validation_json(const Manifests& manifests);

// Prints to standard output. The exit code: 0 without faults, 1 with.
int validate(const ValidateSettings& settings);

}  // namespace sluice::ctl
