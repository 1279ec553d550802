// The two halves, each from nothing.
#include "controller/compile/compile.h"

#include <utility>

#include "controller/compile/compiler.h"
#include "controller/compile/reach.h"

namespace sluice::compile {

Routed compile_routes(const model::Snapshot& snapshot, const Options& options) {
    return Compiler(options).run(snapshot);
}

Compiled compile(const model::Snapshot& snapshot, const Options& options) {
    const Routed routed = compile_routes(snapshot, options);
    Reach reached = reach(routed.backends, snapshot.endpoint_slices, options);
    std::vector<Verdict> verdicts;
    for (const auto& verdict : merged(routed.verdicts, reached.slices)) {
        verdicts.push_back(with_endpoints(*verdict, reached.ready));
    }
    return {table::joined(routed.routes), std::move(reached.endpoints), std::move(verdicts)};
}

}  // namespace sluice::compile
