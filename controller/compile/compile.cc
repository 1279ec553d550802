// The passes in their order.
#include "controller/compile/compile.h"

#include "controller/compile/admit.h"
#include "controller/compile/classes.h"
#include "controller/compile/draft.h"
#include "controller/compile/emit.h"
#include "controller/compile/ingress.h"
#include "controller/compile/model_route.h"

namespace sluice::compile {

Compiled compile(const model::Snapshot& snapshot, const Options& options) {
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
    Compiled compiled = emit(work, admit(work));
    compiled.verdicts = work.report.take();
    return compiled;
}

}  // namespace sluice::compile
