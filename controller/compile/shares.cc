// Resolves one reference and says in its object's verdict when that fails.
#include "controller/compile/shares.h"

#include <utility>

namespace sluice::compile {

void add_share(Compilation& work, DraftRule& rule, const ShareRef& ref) {
    const Owner& owner = work.draft.owners[rule.owner];
    const Backends::Resolved& found = work.backends.resolve(owner.key.ns, ref.service, ref.port);
    DraftShare share;
    share.weight = ref.weight;
    share.name = "Service " + owner.key.ns + "/" + ref.service + ":" + ref.port;
    if (found.reason == Reason::ok) {
        share.backend = found.index;
    } else {
        work.report.unresolved(owner.report, ref.field, found.reason, found.message);
    }
    rule.shares.push_back(std::move(share));
}

}  // namespace sluice::compile
