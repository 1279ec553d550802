// Directories of manifests read once, through the controller's own source, store and compiler: what
// is accepted here is accepted in a cluster.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "controller/compile/compile.h"
#include "controller/files/source.h"
#include "controller/model/snapshot.h"

namespace sluice::ctl {

struct Manifests {
    files::FileReport report;
    std::shared_ptr<const model::Snapshot> snapshot;
    compile::Compiled compiled;
};

Manifests read_manifests(const std::vector<std::string>& paths, const compile::Options& options);

}  // namespace sluice::ctl
