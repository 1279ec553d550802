// One run: objects that changed are drafted, hosts that they touch are decided, and what came out
// differently is emitted. Everything else is taken as it stands.
#include "controller/compile/compiler.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "controller/compile/classes.h"
#include "controller/compile/ingress.h"
#include "controller/compile/memo.h"
#include "controller/compile/model_route.h"

namespace sluice::compile {
namespace {

void compile_object(const Drafting& work, const model::Ingress& ingress) {
    compile_ingress(work, ingress);
}
void compile_object(const Drafting& work, const model::ModelRoute& route) {
    compile_model_route(work, route);
}

}  // namespace

class Compiler::Memo {
public:
    Memo(const Options& options, const Caps& caps) : options_(options), caps_(caps) {}

    Routed run(const model::Snapshot& snapshot) {
        work_ = {};
        const Classes classes(snapshot, options_);
        changed_services_ = backends_.look_at(snapshot.services);
        changed_classes_ = classes_ != snapshot.ingress_classes;
        classes_ = snapshot.ingress_classes;
        auto at = entries_.begin();
        visit(snapshot.ingresses, classes, at);
        visit(snapshot.model_routes, classes, at);
        while (at != entries_.end()) at = forget(at);
        decide();
        place_backends();
        emit_objects();
        emit_hosts();
        return routed(classes);
    }

    const Work& work() const { return work_; }

private:
    using Entries = std::map<model::ObjectKey, Entry>;
    using Hosts = std::map<std::string, Host, std::less<>>;

    // Both are in the order of keys, so one walk over the two finds what came, changed and went.
    template <class T>
    void visit(const model::Objects<T>& objects, const Classes& classes, Entries::iterator& at) {
        for (const auto& [key, object] : objects) {
            while (at != entries_.end() && at->first < key) at = forget(at);
            if (at == entries_.end() || at->first != key) {
                at = entries_.try_emplace(at, key, Draft(key, object->meta));
            }
            Entry& entry = at->second;
            if (!is_current(entry, *object, classes)) draft(key, object, classes, entry);
            ++at;
        }
    }

    template <class T>
    bool is_current(const Entry& entry, const T& object, const Classes& classes) const {
        if (entry.object.get() != &object) return false;
        const auto changed = [this](uint64_t service) {
            return changed_services_.contains(service);
        };
        const auto& services = entry.draft.services;
        if (!changed_services_.empty() && std::ranges::any_of(services, changed)) return false;
        return !changed_classes_ || classes.ask(object.class_name) == entry.answer;
    }

    template <class T>
    void draft(
        const model::ObjectKey& key,
        const std::shared_ptr<const T>& object,
        const Classes& classes,
        Entry& entry
    ) {
        unlink(entry);
        entry.draft = Draft(key, object->meta);
        entry.answer = classes.ask(object->class_name);
        if (entry.answer.ours) {
            compile_object({entry.draft, backends_}, *object);
        } else {
            entry.draft.report.not_ours(
                "spec.ingressClassName", entry.answer.reason, entry.answer.message
            );
        }
        entry.outcomes.assign(entry.draft.candidates.size(), {});
        // The former object goes last: until here its meta was that of the draft.
        entry.object = object;
        link(entry);
        change(entry);
        ++work_.objects;
    }

    Entries::iterator forget(Entries::iterator at) {
        unlink(at->second);
        if (!at->second.uses.empty()) uses_changed_ = true;
        return entries_.erase(at);
    }

    void link(Entry& entry) {
        for (const DraftRule& rule : entry.draft.rules) keys_.add(rule.spec.key);
        for (const Candidate& candidate : entry.draft.candidates) {
            Host& host = hosts_.try_emplace(candidate.host).first->second;
            host.objects.insert(&entry);
            entry.hosts.push_back(&host);
            touch(host);
        }
    }

    void unlink(Entry& entry) {
        for (const DraftRule& rule : entry.draft.rules) keys_.remove(rule.spec.key);
        const Host* last = nullptr;
        for (Host* const host : std::exchange(entry.hosts, {})) {
            if (host == last) continue;
            host->objects.erase(&entry);
            touch(*host);
            last = host;
        }
    }

    void touch(Host& host) {
        if (!host.touched) touched_.push_back(&host);
        host.touched = true;
    }

    void change(Entry& entry) {
        if (!entry.changed) changed_.push_back(&entry);
        entry.changed = true;
    }

    // Whether hosts may depend on each other: then all are decided together.
    bool is_bound() const {
        return hosts_.size() > caps_.hosts || keys_.rules() > caps_.rules || keys_.any_shared();
    }

    void decide() {
        drop_unwanted_hosts();
        const bool bound = is_bound();
        if (bound || was_bound_) {
            for (auto& [name, host] : hosts_) touch(host);
        }
        was_bound_ = bound;
        const std::vector<Claim> claims = touched_claims();
        std::vector<Outcome> before;
        before.reserve(claims.size());
        for (const Claim& claim : claims) before.push_back(std::move(claim.outcome()));
        seat(admit(claims, caps_));
        for (size_t i = 0; i < claims.size(); ++i) {
            if (claims[i].outcome() != before[i]) change(entry_of(*claims[i].applicant));
        }
    }

    void drop_unwanted_hosts() {
        if (touched_.empty()) return;
        const auto unwanted = [](const Host* host) { return host->objects.empty(); };
        if (std::erase_if(touched_, unwanted) == 0) return;
        std::erase_if(hosts_, [](const auto& host) { return host.second.objects.empty(); });
    }

    std::vector<Claim> touched_claims() {
        std::vector<Applicant*> applicants;
        for (const Host* const host : touched_) {
            for (Entry* const entry : host->objects) {
                if (!entry->gathered) applicants.push_back(entry);
                entry->gathered = true;
            }
        }
        for (Applicant* const applicant : applicants) entry_of(*applicant).gathered = false;
        return ordered_claims(std::move(applicants), [](const Claim& claim) {
            return entry_of(*claim.applicant).hosts[claim.index]->touched;
        });
    }

    void seat(Seats seats) {
        work_.hosts = touched_.size();
        for (Host* const host : touched_) {
            host->touched = false;
            host->seats.clear();
            make_stale(*host);
        }
        touched_.clear();
        for (auto& [name, claims] : seats) hosts_.find(name)->second.seats = std::move(claims);
    }

    void make_stale(Host& host) {
        if (!host.stale) stale_.push_back(&host);
        host.stale = true;
    }

    void place_backends() {
        for (Entry* const entry : changed_) {
            std::vector<BackendPtr> uses = backends_in_use(*entry);
            if (uses == entry->uses) continue;
            entry->uses = std::move(uses);
            uses_changed_ = true;
        }
        if (!std::exchange(uses_changed_, false)) return;
        Places next(caps_.backends);
        for (const auto& [key, entry] : entries_) {
            for (const BackendPtr& backend : entry.uses) next.add(backend);
        }
        // Who is left out depends on everybody.
        if (next.any_unplaced() || places_.any_unplaced()) {
            for (auto& [key, entry] : entries_) change(entry);
        }
        places_ = std::move(next);
    }

    void emit_objects() {
        for (Entry* const entry : std::exchange(changed_, {})) {
            entry->changed = false;
            entry->emitted = emit(*entry, places_);
            for (size_t i = 0; i < entry->outcomes.size(); ++i) {
                const bool seated = entry->outcomes[i].kind == Outcome::Kind::seated;
                if (seated) make_stale(*entry->hosts[i]);
            }
        }
    }

    void emit_hosts() {
        for (Host* const host : std::exchange(stale_, {})) {
            host->stale = false;
            host->part.reset();
            if (host->seats.empty()) continue;
            const auto emitted_of = [](const Applicant& applicant) -> const Emitted& {
                return static_cast<const Entry&>(applicant).emitted;
            };
            host->part =
                std::make_shared<const table::HostPart>(emit_host(host->seats, emitted_of));
        }
    }

    Routed routed(const Classes& classes) const {
        Routed out;
        Report of_classes;
        classes.report(of_classes);
        for (Verdict& verdict : of_classes.take()) {
            out.verdicts.push_back(std::make_shared<const Verdict>(std::move(verdict)));
        }
        for (const auto& [key, entry] : entries_) {
            if (entry.emitted.part) out.routes.rules.push_back(entry.emitted.part);
            out.verdicts.push_back(entry.emitted.verdict);
        }
        for (const auto& [name, host] : hosts_) {
            if (host.part) out.routes.hosts.push_back(host.part);
        }
        out.backends = places_.backends();
        return out;
    }

    static Entry& entry_of(Applicant& applicant) { return static_cast<Entry&>(applicant); }

    const Options options_;
    const Caps caps_;
    Backends backends_;
    model::Objects<model::IngressClass> classes_;  // of the last run
    std::unordered_set<uint64_t> changed_services_;
    bool changed_classes_ = false;
    Entries entries_;
    Hosts hosts_;
    KeyCounts keys_;
    std::vector<Host*> touched_;
    std::vector<Entry*> changed_;
    std::vector<Host*> stale_;
    bool was_bound_ = false;
    Places places_{0};
    bool uses_changed_ = false;
    Work work_;
};

Compiler::Compiler(const Options& options, const Caps& caps)
    : memo_(std::make_unique<Memo>(options, caps)) {}
Compiler::~Compiler() = default;
Compiler::Compiler(Compiler&&) noexcept = default;
Compiler& Compiler::operator=(Compiler&&) noexcept = default;

Routed Compiler::run(const model::Snapshot& snapshot) {
    return memo_->run(snapshot);
}

const Compiler::Work& Compiler::work() const {
    return memo_->work();
}

}  // namespace sluice::compile
