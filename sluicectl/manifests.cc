// One pass of the controller's pipeline, without watching and without a proxy.
#include "sluicectl/manifests.h"

#include "controller/store/store.h"

namespace sluice::ctl {

Manifests read_manifests(const std::vector<std::string>& paths, const compile::Options& options) {
    files::Source source(paths);
    store::Store store;
    store.apply(source.load());
    Manifests manifests;
    manifests.report = source.report();
    manifests.snapshot = store.snapshot();
    manifests.compiled = compile::compile(*manifests.snapshot, options);
    return manifests;
}

}  // namespace sluice::ctl
