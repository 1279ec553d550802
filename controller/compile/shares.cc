// Resolves one reference and says in its object's verdict when that fails.
#include "controller/compile/shares.h"

#include <utility>

namespace sluice::compile {

void add_share(const Drafting& work, DraftRule& rule, const ShareRef& ref) {
    Draft& draft = work.draft;
    draft.services.push_back(service_hash(draft.key.ns, ref.service));
    const Backends::Resolved& found = work.backends.resolve(draft.key.ns, ref.service, ref.port);
    DraftShare share;
    share.weight = ref.weight;
    share.name = "Service " + draft.key.ns + "/" + ref.service + ":" + ref.port;
    share.backend = found.backend;
    if (!found.backend) draft.report.unresolved(ref.field, found.reason, found.message);
    rule.shares.push_back(std::move(share));
}

}  // namespace sluice::compile
