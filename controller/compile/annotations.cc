// No annotation is honoured yet: those of ingress-nginx and our own prefix are named one by one.
#include "controller/compile/annotations.h"

#include <string>
#include <string_view>

#include "controller/model/checks.h"

namespace sluice::compile {
namespace {

constexpr std::string_view kNginx = "nginx.ingress.kubernetes.io/";
constexpr std::string_view kOwn = "sluice.dev/";

}  // namespace

void report_annotations(const model::Ingress& ingress, ObjectReport& report) {
    for (const auto& [name, value] : ingress.meta.annotations) {
        if (!name.starts_with(kNginx) && !name.starts_with(kOwn)) continue;
        const std::string field = "metadata.annotations[" + model::in_quotes(name) + "]";
        if (name.starts_with(kNginx) && name.ends_with("-snippet")) {
            report.refuse(
                field,
                Reason::unsupported_field,
                "snippets are never taken: they would let an Ingress write the proxy's "
                "configuration"
            );
            continue;
        }
        report.warn(
            field,
            Reason::unsupported_field,
            "is not honoured by this version; the rules are served without it"
        );
    }
}

}  // namespace sluice::compile
