// The meaning of a routes segment as a whole: limits and the pool; then its two halves.
#include <string>

#include "table/limits.h"
#include "table/text_rules.h"
#include "table/verify.h"

namespace sluice::table {
namespace {

std::optional<Refusal> bounded(const char* list, size_t size, size_t limit) {
    if (size <= limit) return std::nullopt;
    return Refusal{
        Reason::table_too_large,
        std::string(list) + ": " + std::to_string(size) + " are over the limit of " +
            std::to_string(limit)
    };
}

}  // namespace

std::optional<Refusal> why_refused(const RoutesView& view) {
    if (auto refusal = bounded("hosts", view.hosts().size(), limits::kHosts)) return refusal;
    if (auto refusal = bounded("rules", view.rules().size(), limits::kRules)) return refusal;
    if (auto refusal = bounded("backends", view.backends().size(), limits::kBackends)) {
        return refusal;
    }
    // Of all texts at once: no CR, LF or NUL can reach a message or a log by any of them.
    if (!is_printable(view.pool())) {
        return Refusal{Reason::table_bad_value, "pool: has a control byte"};
    }
    if (auto refusal = why_rules_refused(view)) return refusal;
    return why_hosts_refused(view);
}

}  // namespace sluice::table
