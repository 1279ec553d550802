// Names and keys of rules: of kind, namespace, name and the rule's own name.
#include "controller/compile/draft.h"

#include "controller/model/checks.h"
#include "table/key.h"
#include "table/limits.h"

namespace sluice::compile {

bool finish(Draft& draft, DraftRule& rule) {
    const std::string kind(model::kind_name(draft.key.kind));
    rule.spec.name = kind + "/" + draft.key.ns + "/" + draft.key.name + "/" + rule.name;
    rule.spec.key = table::key128({kind, draft.key.ns, draft.key.name, rule.name});
    const std::string& shown = rule.spec.name;
    if (shown.size() <= limits::kNameBytes && model::check_printable(shown).empty()) return true;
    draft.report.refuse(
        rule.field,
        Reason::invalid_field,
        "the name " + model::in_quotes(shown) + " is too long or holds control bytes"
    );
    return false;
}

}  // namespace sluice::compile
