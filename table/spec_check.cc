// Whether a spec keeps the limits and forms of a table: one function a struct, each total on any
// values.
#include "table/spec_check.h"

#include <string_view>

#include "table/limits.h"
#include "table/problem.h"
#include "table/text_rules.h"

namespace sluice::table {
namespace {

template <class Enum>
bool is_in(Enum value, Enum last) {
    return static_cast<unsigned>(value) <= static_cast<unsigned>(last);
}

Problem check_name(std::string_view name) {
    if (auto problem = bounded("name", name.size(), limits::kNameBytes)) return problem;
    if (!is_printable(name)) return bad("name", "has a control byte");
    return std::nullopt;
}

Problem check_pattern(std::string_view field, std::string_view pattern) {
    if (auto problem = bounded(field, pattern.size(), limits::kRegexBytes)) return problem;
    if (!is_printable(pattern)) return bad(field, "has a control byte");
    return std::nullopt;
}

Problem check_field_name(std::string_view name) {
    if (auto problem = bounded("name", name.size(), limits::kFieldNameBytes)) return problem;
    if (!is_field_name(name)) return bad("name", "is no lower-case field name");
    return std::nullopt;
}

Problem check_field_value(std::string_view value) {
    if (auto problem = bounded("value", value.size(), limits::kFieldValueBytes)) return problem;
    if (!is_field_value(value)) return bad("value", "has a control byte");
    return std::nullopt;
}

Problem check_query_text(std::string_view field, std::string_view text) {
    if (auto problem = bounded(field, text.size(), limits::kTargetBytes)) return problem;
    if (!is_printable(text)) return bad(field, "has a control byte");
    return std::nullopt;
}

Problem check_method(const PredicateSpec& predicate) {
    if (!predicate.name.empty()) return bad("name", "a method has none");
    if (auto problem = bounded("value", predicate.value.size(), limits::kMethodBytes)) {
        return problem;
    }
    if (!is_method(predicate.value)) return bad("value", "is no method");
    return std::nullopt;
}

Problem check(const PredicateSpec& predicate) {
    Problem problem;
    switch (predicate.kind) {
        case PredicateKind::method:
            return check_method(predicate);
        case PredicateKind::header_exact:
            problem = check_field_name(predicate.name);
            return problem ? problem : check_field_value(predicate.value);
        case PredicateKind::header_regex:
            problem = check_field_name(predicate.name);
            return problem ? problem : check_pattern("value", predicate.value);
        case PredicateKind::query_exact:
            problem = check_query_text("name", predicate.name);
            return problem ? problem : check_query_text("value", predicate.value);
        case PredicateKind::query_regex:
            problem = check_query_text("name", predicate.name);
            return problem ? problem : check_pattern("value", predicate.value);
    }
    return bad("kind", "is unknown");
}

Problem check_path(const MatchSpec& match) {
    const std::string& path = match.path;
    if (match.path_kind == PathKind::regex) return check_pattern("path", path);
    if (!is_in(match.path_kind, PathKind::regex)) return bad("path_kind", "is unknown");
    if (auto problem = bounded("path", path.size(), limits::kPathBytes)) return problem;
    const bool root = match.path_kind == PathKind::prefix && path.empty();
    if (!root && !is_path(path)) return bad("path", "is no canonical path");
    if (match.path_kind == PathKind::prefix && path.ends_with('/')) {
        return bad("path", "a prefix ends with a slash; the root prefix is \"\"");
    }
    return std::nullopt;
}

Problem check(const MatchSpec& match, size_t rules) {
    if (auto problem = check_path(match)) return problem;
    if (match.rule >= rules) return dangling("rule", match.rule);
    const auto& predicates = match.predicates;
    if (auto problem = bounded("predicates", predicates.size(), limits::kPredicatesPerMatch)) {
        return problem;
    }
    return first_problem("predicates", predicates, [](const auto& one) { return check(one); });
}

Problem check(const HostSpec& host, size_t rules) {
    if (auto problem = bounded("name", host.name.size(), limits::kHostBytes)) return problem;
    if (!is_host_name(host.name)) return bad("name", "is no lower-case host name");
    if (auto problem = bounded("matches", host.matches.size(), limits::kMatchesPerHost)) {
        return problem;
    }
    size_t regexes = 0;
    for (const MatchSpec& match : host.matches) regexes += match.path_kind == PathKind::regex;
    if (auto problem = bounded("regexes", regexes, limits::kRegexesPerHost)) return problem;
    return first_problem("matches", host.matches, [rules](const auto& match) {
        return check(match, rules);
    });
}

Problem check(const SplitSpec& split, size_t backends) {
    if (split.weight == 0) return bad("weight", "is zero");
    if (auto problem = bounded("weight", split.weight, limits::kWeight)) return problem;
    if (split.refuse >= Reason::kCount) return bad("refuse", "is unknown");
    if (split.refuse != Reason::ok) {
        return split.backend == kNone ? Problem() : bad("backend", "a refused share has none");
    }
    return split.backend < backends ? Problem() : dangling("backend", split.backend);
}

Problem check(const EditSpec& edit) {
    if (!is_in(edit.kind, EditKind::remove)) return bad("kind", "is unknown");
    if (auto problem = check_field_name(edit.name)) return problem;
    if (edit.kind == EditKind::remove && !edit.value.empty()) {
        return bad("value", "a removal has none");
    }
    return check_field_value(edit.value);
}

Problem check_edits(std::string_view field, const std::vector<EditSpec>& edits) {
    if (auto problem = bounded(field, edits.size(), limits::kEditsPerRule)) return problem;
    return first_problem(field, edits, [](const auto& edit) { return check(edit); });
}

Problem check_rewrite(std::string_view field, RewriteKind kind, std::string_view path) {
    if (!is_in(kind, RewriteKind::full)) return bad(field, "its kind is unknown");
    if (auto problem = bounded(field, path.size(), limits::kPathBytes)) return problem;
    if (kind == RewriteKind::none && !path.empty()) return bad(field, "without a kind");
    return is_new_path(path) ? Problem() : bad(field, "is no canonical path");
}

Problem check_authority(std::string_view field, std::string_view host) {
    if (auto problem = bounded(field, host.size(), limits::kHostBytes)) return problem;
    return is_authority(host) ? Problem() : bad(field, "is no host");
}

Problem check(const RedirectSpec& redirect) {
    if (!is_redirect_status(redirect.status)) {
        return bad("redirect.status", std::to_string(redirect.status) + " redirects nobody");
    }
    if (!is_scheme(redirect.scheme)) return bad("redirect.scheme", "is neither http nor https");
    if (auto problem = check_authority("redirect.host", redirect.host)) return problem;
    return check_rewrite("redirect.path", redirect.path_kind, redirect.path);
}

Problem check_clock(std::string_view field, uint32_t milliseconds) {
    if (milliseconds == 0) return bad(field, "is zero");
    return bounded(field, milliseconds, limits::kTimeoutMs);
}

Problem check_clocks(const RuleSpec& rule) {
    if (auto problem = check_clock("connect_ms", rule.connect_ms)) return problem;
    if (auto problem = check_clock("first_byte_ms", rule.first_byte_ms)) return problem;
    if (auto problem = check_clock("idle_ms", rule.idle_ms)) return problem;
    return bounded("request_ms", rule.request_ms, limits::kTimeoutMs);
}

Problem check_splits(const RuleSpec& rule, size_t backends) {
    if (rule.splits.empty() && !rule.redirect) return bad("splits", "there are none");
    if (auto problem = bounded("splits", rule.splits.size(), limits::kSplitsPerRule)) {
        return problem;
    }
    return first_problem("splits", rule.splits, [backends](const auto& split) {
        return check(split, backends);
    });
}

Problem check(const RuleSpec& rule, size_t backends) {
    if (auto problem = check_name(rule.name)) return problem;
    if (auto problem = check_splits(rule, backends)) return problem;
    if (!is_in(rule.policy, BalancePolicy::round_robin)) return bad("policy", "is unknown");
    if (auto problem = check_rewrite("rewrite_path", rule.rewrite_kind, rule.rewrite_path)) {
        return problem;
    }
    if (auto problem = check_authority("rewrite_host", rule.rewrite_host)) return problem;
    if (rule.redirect) {
        if (auto problem = check(*rule.redirect)) return problem;
    }
    if (auto problem = check_edits("request_edits", rule.request_edits)) return problem;
    if (auto problem = check_edits("response_edits", rule.response_edits)) return problem;
    return check_clocks(rule);
}

Problem check(const EndpointSpec& endpoint) {
    if (endpoint.port == 0) return bad("port", "is zero");
    return check_name(endpoint.name);
}

}  // namespace

std::optional<BuildError> why_refused(const RoutesSpec& spec) {
    if (auto problem = bounded("hosts", spec.hosts.size(), limits::kHosts)) return problem;
    if (auto problem = bounded("rules", spec.rules.size(), limits::kRules)) return problem;
    if (auto problem = bounded("backends", spec.backends.size(), limits::kBackends)) return problem;
    const auto of_host = [&](const HostSpec& host) { return check(host, spec.rules.size()); };
    if (auto problem = first_problem("hosts", spec.hosts, of_host)) return problem;
    const auto of_rule = [&](const RuleSpec& rule) { return check(rule, spec.backends.size()); };
    if (auto problem = first_problem("rules", spec.rules, of_rule)) return problem;
    const auto of_backend = [](const BackendSpec& backend) { return check_name(backend.name); };
    return first_problem("backends", spec.backends, of_backend);
}

std::optional<BuildError> why_refused(const RulesPart& part) {
    const auto of_rule = [&](const RuleSpec& rule) { return check(rule, part.backends.size()); };
    if (auto problem = first_problem("rules", part.rules, of_rule)) return problem;
    const auto of_backend = [](const BackendSpec& backend) { return check_name(backend.name); };
    return first_problem("backends", part.backends, of_backend);
}

std::optional<BuildError> why_refused(const HostPart& part) {
    if (part.part_of.size() != part.matches.size()) return bad("part_of", "is not one a match");
    for (size_t i = 0; i < part.matches.size(); ++i) {
        if (part.part_of[i] >= part.parts.size()) return dangling("part_of", part.part_of[i]);
        const size_t rules = part.parts[part.part_of[i]]->rules.size();
        if (part.matches[i].rule < rules) continue;
        return in("matches", i, dangling("rule", part.matches[i].rule));
    }
    // Each rule is there, as was seen; the form of everything else does not depend on rules.
    return check(static_cast<const HostSpec&>(part), size_t{1} << 32);
}

std::optional<BuildError> why_refused(const EndpointsSpec& spec) {
    if (auto problem = bounded("sets", spec.sets.size(), limits::kBackends)) return problem;
    size_t endpoints = 0;
    for (const EndpointSetSpec& set : spec.sets) endpoints += set.endpoints.size();
    if (auto problem = bounded("endpoints", endpoints, limits::kEndpoints)) return problem;
    return first_problem("sets", spec.sets, [](const EndpointSetSpec& set) {
        return first_problem("endpoints", set.endpoints, [](const auto& one) {
            return check(one);
        });
    });
}

}  // namespace sluice::table
