// Each path of an Ingress is one rule. A path that cannot be compiled is refused alone; one whose
// Service is missing stays, and answers with an error.
#include "controller/compile/ingress.h"

#include <string>
#include <utility>

#include "controller/compile/annotations.h"
#include "controller/compile/clocks.h"
#include "controller/compile/hosts.h"
#include "controller/compile/path.h"
#include "controller/compile/shares.h"
#include "controller/model/checks.h"

namespace sluice::compile {
namespace {

using model::in_quotes;

class IngressPass {
public:
    IngressPass(const Drafting& work, const model::Ingress& ingress)
        : work_(work), ingress_(ingress) {}

    void run() {
        report_annotations(ingress_, report());
        report_tls();
        for (size_t i = 0; i < ingress_.rules.size(); ++i) {
            add_rule(ingress_.rules[i], "spec.rules[" + std::to_string(i) + "]", std::to_string(i));
        }
        if (ingress_.default_backend) add_default(*ingress_.default_backend);
    }

private:
    ObjectReport& report() const { return work_.draft.report; }

    void report_tls() {
        for (size_t i = 0; i < ingress_.tls.size(); ++i) {
            report().warn(
                "spec.tls[" + std::to_string(i) + "]",
                Reason::tls_not_served,
                "TLS is not yet served: these hosts answer plain HTTP only"
            );
        }
    }

    void add_rule(
        const model::IngressRule& rule, const std::string& field, const std::string& name
    ) {
        const auto host = canonical_host(rule.host);
        if (!host) {
            report().refuse(
                field + ".host", Reason::invalid_field, in_quotes(rule.host) + " " + host.error()
            );
            return;
        }
        for (size_t i = 0; i < rule.paths.size(); ++i) {
            const std::string index = std::to_string(i);
            add_path(
                rule.paths[i], *host, field + ".http.paths[" + index + "]", name + "/" + index
            );
        }
    }

    void add_path(
        const model::IngressPath& path,
        const std::string& host,
        const std::string& field,
        std::string name
    ) {
        const bool is_free = path.type == model::PathType::implementation_specific;
        const std::string& text = is_free && path.path.empty() ? kRoot : path.path;
        const auto canonical = canonical_rule_path(text);
        if (!canonical) {
            const std::string message = in_quotes(text) + " " + canonical.error();
            report().refuse(field + ".path", Reason::invalid_field, message);
            return;
        }
        if (!has_service(path.backend, field + ".backend")) return;
        if (is_free) warn_of_regex(text, field);
        const bool is_exact = path.type == model::PathType::exact;
        Candidate candidate;
        candidate.host = host;
        candidate.path_kind = is_exact ? table::PathKind::exact : table::PathKind::prefix;
        candidate.path = is_exact ? *canonical : as_prefix(*canonical);
        candidate.field = field;
        add(std::move(candidate), std::move(name), path.backend, is_ai_path(*canonical));
    }

    // Whoever comes from a controller where this path type means a regular expression must be told.
    void warn_of_regex(const std::string& path, const std::string& field) {
        if (path.find_first_of("()[]{}|^$*") == std::string::npos) return;
        report().warn(
            field + ".path",
            Reason::unsupported_value,
            in_quotes(path) +
                " is matched as a literal prefix: an Ingress has no regular expressions; use a "
                "ModelRoute with a path of type RegularExpression"
        );
    }

    void add_default(const model::IngressBackend& backend) {
        constexpr const char* kField = "spec.defaultBackend";
        if (!has_service(backend, kField)) return;
        Candidate candidate;
        candidate.field = kField;
        candidate.fallback = true;
        add(std::move(candidate), "default", backend, false);
    }

    bool has_service(const model::IngressBackend& backend, const std::string& field) {
        if (backend.resource.empty()) return true;
        report().refuse(
            field + ".resource",
            Reason::unsupported_field,
            in_quotes(backend.resource) + " is a resource backend: only Services are supported"
        );
        return false;
    }

    void add(Candidate candidate, std::string name, const model::IngressBackend& backend, bool ai) {
        DraftRule rule;
        rule.name = std::move(name);
        rule.field = candidate.field;
        rule.spec.ai = ai;
        set_default_clocks(rule.spec);
        const bool is_default = candidate.fallback;
        add_share(
            work_,
            rule,
            {.service = backend.service,
             .port = backend.port.name.empty() ? std::to_string(backend.port.number)
                                               : backend.port.name,
             .field = candidate.field + (is_default ? ".service" : ".backend.service")}
        );
        if (!finish(work_.draft, rule)) return;
        candidate.rule = static_cast<uint32_t>(work_.draft.rules.size());
        work_.draft.rules.push_back(std::move(rule));
        work_.draft.candidates.push_back(std::move(candidate));
    }

    inline static const std::string kRoot = "/";
    const Drafting& work_;
    const model::Ingress& ingress_;
};

}  // namespace

void compile_ingress(const Drafting& work, const model::Ingress& ingress) {
    IngressPass(work, ingress).run();
}

}  // namespace sluice::compile
