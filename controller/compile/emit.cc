// Shares become splits, backends get their places, rules get their status.
#include "controller/compile/emit.h"

#include <string>
#include <utility>

namespace sluice::compile {
namespace {

class Emitter {
public:
    Emitter(Compilation& work, size_t backend_cap)
        : work_(work),
          backend_cap_(backend_cap),
          places_(work.backends.all().size(), table::kNone) {}

    void add(DraftRule& rule) {
        drop_backends_without_room(rule);
        table::RuleSpec spec = std::move(rule.spec);
        RuleStatus status{.name = rule.name, .backends = {}};
        for (const DraftShare& share : rule.shares) {
            if (share.weight > 0) spec.splits.push_back(split_of(share));
            status.backends.push_back(status_of(share));
        }
        if (spec.splits.empty() && !spec.redirect) spec.splits.push_back(nobody(rule));
        work_.report.add_rule(work_.draft.owners[rule.owner].report, std::move(status));
        out_.routes.rules.push_back(std::move(spec));
    }

    Routed take(std::vector<table::HostSpec> hosts) {
        out_.routes.hosts = std::move(hosts);
        return std::move(out_);
    }

private:
    // A rule without any reference, or with weights of 0 only.
    static table::SplitSpec nobody(const DraftRule& rule) {
        const Reason reason = rule.shares.empty() ? Reason::backend_not_found : Reason::no_weight;
        return {.weight = 1, .refuse = reason};
    }

    void drop_backends_without_room(DraftRule& rule) {
        for (DraftShare& share : rule.shares) {
            if (!share.backend || places_[*share.backend] != table::kNone) continue;
            if (out_.routes.backends.size() < backend_cap_) {
                place(*share.backend);
                continue;
            }
            share.backend.reset();
            work_.report.unresolved(
                work_.draft.owners[rule.owner].report,
                rule.field,
                Reason::too_many_objects,
                share.name + " is one too many: a table holds " + std::to_string(backend_cap_) +
                    " backends"
            );
        }
    }

    void place(Backends::Index index) {
        const Backend& backend = work_.backends.all()[index];
        places_[index] = static_cast<uint32_t>(out_.routes.backends.size());
        out_.routes.backends.push_back({backend.key, backend.name});
        out_.backends.push_back(backend);
    }

    table::SplitSpec split_of(const DraftShare& share) const {
        if (!share.backend) return {share.weight, Reason::backend_not_found};
        return {share.weight, Reason::ok, places_[*share.backend]};
    }

    // A reference that leads nowhere keeps its share; what a backend's is depends on its endpoints.
    BackendStatus status_of(const DraftShare& share) const {
        BackendStatus status;
        status.name = share.name;
        status.weight = share.weight;
        if (share.backend) status.backend = places_[*share.backend];
        if (!share.backend) status.effective_weight = share.weight;
        return status;
    }

    Compilation& work_;
    size_t backend_cap_;
    std::vector<uint32_t> places_;  // of each backend in the table, or kNone
    Routed out_;
};

}  // namespace

Routed emit(Compilation& work, Admission admission, size_t backend_cap) {
    Emitter emitter(work, backend_cap);
    for (const size_t rule : admission.rules) emitter.add(work.draft.rules[rule]);
    return emitter.take(std::move(admission.hosts));
}

}  // namespace sluice::compile
