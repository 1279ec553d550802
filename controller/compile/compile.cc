// The passes in their order.
#include "controller/compile/compile.h"

#include <utility>

#include "controller/compile/admit.h"
#include "controller/compile/classes.h"
#include "controller/compile/draft.h"
#include "controller/compile/emit.h"
#include "controller/compile/ingress.h"
#include "controller/compile/model_route.h"
#include "controller/compile/reach.h"

namespace sluice::compile {

Routed compile_routes(const model::Snapshot& snapshot, const Options& options) {
    Compilation work{
        .snapshot = snapshot,
        .options = options,
        .report = {},
        .backends = Backends(snapshot),
        .draft = {}
    };
    const Classes classes(snapshot, options);
    classes.report(work.report);
    compile_ingresses(work, classes);
    compile_model_routes(work, classes);
    Routed routed = emit(work, admit(work));
    routed.verdicts = work.report.take();
    return routed;
}

Compiled compile(const model::Snapshot& snapshot, const Options& options) {
    Routed routed = compile_routes(snapshot, options);
    Reach reached = reach(routed.backends, snapshot.endpoint_slices, options);
    std::vector<Verdict> verdicts = with_endpoints(std::move(routed.verdicts), reached);
    return {std::move(routed.routes), std::move(reached.endpoints), std::move(verdicts)};
}

}  // namespace sluice::compile
