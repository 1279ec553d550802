// The second half of the compiler: which endpoints the backends of a table have. It depends on the
// routes through their list of backends only, so a change of EndpointSlices needs nothing else.
// Pure and total like the first half, and whole each time: no memory of former slices.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "controller/compile/compile.h"

namespace sluice::compile {

struct Reach {
    table::EndpointsSpec endpoints;  // one set a backend, in the order of the backends
    std::vector<uint32_t> ready;     // of each set; 0 when only terminating ones are left to serve
    std::vector<Verdict> slices;     // ordered; of those only that there is something to say about
};

Reach reach(
    const std::vector<Backend>& backends,
    const model::Objects<model::EndpointSlice>& slices,
    const Options& options
);

// The verdicts of compile_routes(), or those with the reach of a moment ago, with this reach:
// endpoints and effective weights of every rule, and what is said of slices. REQUIRES: `reach` is
// of the backends that were compiled with these verdicts.
std::vector<Verdict> with_endpoints(std::vector<Verdict> verdicts, const Reach& reach);

// Those of the slices among ordered verdicts.
std::span<const Verdict> slices_among(std::span<const Verdict> verdicts);

}  // namespace sluice::compile
