// Class selection as the Kubernetes documentation has it. Of several default classes the newest
// counts, as in the API server's admission.
#include "controller/compile/classes.h"

#include "controller/compile/age.h"
#include "controller/model/checks.h"

namespace sluice::compile {
namespace {

using model::in_quotes;

// Newest first; names break ties.
bool is_preferred_default(const model::IngressClass& a, const model::IngressClass& b) {
    const auto order = compare_ages(a.meta.creation_timestamp, b.meta.creation_timestamp);
    if (order != 0) return order > 0;
    return a.meta.name < b.meta.name;
}

}  // namespace

Classes::Classes(const model::Snapshot& snapshot, const Options& options)
    : snapshot_(snapshot), options_(options) {
    for (const auto& [key, candidate] : snapshot.ingress_classes) {
        if (!candidate->is_default()) continue;
        if (default_ == nullptr || is_preferred_default(*candidate, *default_)) {
            default_ = candidate.get();
        }
    }
}

const model::IngressClass* Classes::find(std::string_view name) const {
    const auto at =
        snapshot_.ingress_classes.find({model::Kind::ingress_class, "", std::string(name)});
    return at == snapshot_.ingress_classes.end() ? nullptr : at->second.get();
}

bool Classes::is_ours(const model::IngressClass& ingress_class) const {
    return ingress_class.controller == options_.controller_name;
}

Classes::Answer Classes::ask(const std::optional<std::string>& named) const {
    if (named && !named->empty()) {
        const model::IngressClass* found = find(*named);
        if (found != nullptr && is_ours(*found)) return {.ours = true};
        if (found != nullptr) {
            return {
                .reason = Reason::other_class,
                .message = "class " + in_quotes(*named) + " belongs to controller " +
                           in_quotes(found->controller)
            };
        }
        if (*named == options_.class_name) return {.ours = true};
        return {
            .reason = Reason::class_not_found,
            .message = "there is no IngressClass " + in_quotes(*named) +
                       ": create it, or name class " + in_quotes(options_.class_name)
        };
    }
    if (default_ != nullptr && is_ours(*default_)) return {.ours = true};
    if (options_.watch_without_class) return {.ours = true};
    if (default_ != nullptr) {
        return {
            .reason = Reason::other_class,
            .message = "names no class, and the default class " + in_quotes(default_->meta.name) +
                       " belongs to controller " + in_quotes(default_->controller)
        };
    }
    return {
        .reason = Reason::other_class,
        .message = "names no class, and no IngressClass is the default: name class " +
                   in_quotes(options_.class_name)
    };
}

void Classes::report(Report& report) const {
    for (const auto& [key, ingress_class] : snapshot_.ingress_classes) {
        ObjectReport& said = report.open(key, ingress_class->meta.generation);
        if (!is_ours(*ingress_class)) {
            said.not_ours(
                "spec.controller",
                Reason::other_class,
                "belongs to controller " + in_quotes(ingress_class->controller)
            );
            continue;
        }
        if (!ingress_class->is_default() || default_ == ingress_class.get()) continue;
        said.warn(
            "metadata.annotations",
            Reason::conflict,
            "is not the default class: IngressClass " + default_->meta.name +
                " is too, and is newer; keep one of them the default"
        );
    }
}

}  // namespace sluice::compile
