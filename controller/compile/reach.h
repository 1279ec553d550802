// The second half of the compiler: which endpoints the backends of a table have. It depends on the
// routes through their list of backends only, so a change of EndpointSlices needs nothing else.
// Pure and total like the first half, and whole each time: no memory of former slices.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "controller/compile/compile.h"

namespace sluice::compile {

// What a backend's endpoints mean for verdicts.
struct Readiness {
    uint32_t ready = 0;   // 0 when only terminating ones are left to serve
    bool serves = false;  // it has endpoints in the table
};
using ReadyBackends = std::unordered_map<table::Key64, Readiness>;

struct Reach {
    table::EndpointsSpec endpoints;  // one set a backend, in the order of the backends
    ReadyBackends ready;             // of each backend
    Verdicts slices;                 // ordered; of those only that there is something to say about
};

Reach reach(
    const std::vector<BackendPtr>& backends,
    const model::Objects<model::EndpointSlice>& slices,
    const Options& options
);

// reach() with a memory of the last answer, which is the same pointer while backends and slices
// are.
class Reacher {
public:
    explicit Reacher(const Options& options) : options_(options) {}
    std::shared_ptr<const Reach> run(
        const std::vector<BackendPtr>& backends, const model::Objects<model::EndpointSlice>& slices
    );

private:
    const Options options_;
    std::vector<BackendPtr> backends_;
    model::Objects<model::EndpointSlice> slices_;
    std::shared_ptr<const Reach> last_;
};

// A verdict of compile_routes() with its endpoints and effective weights of this moment. REQUIRES:
// `ready` is of the backends that were compiled with it.
Verdict with_endpoints(const Verdict& verdict, const ReadyBackends& ready);

// The verdicts of compile_routes() and those of slices, in the order of their objects.
Verdicts merged(const Verdicts& routed, const Verdicts& slices);

}  // namespace sluice::compile
