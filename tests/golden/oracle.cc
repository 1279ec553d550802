// docs/routing.md, sentence by sentence.
#include "tests/golden/oracle.h"

#include <regex>

namespace sluice::golden {
namespace {

bool matches_whole(const std::string& pattern, const std::string& text) {
    return std::regex_match(text, std::regex(pattern));
}

const table::HostSpec* find_host(const table::RoutesSpec& routes, const std::string& name) {
    for (const table::HostSpec& host : routes.hosts) {
        if (host.name == name) return &host;
    }
    return nullptr;
}

bool any_value(
    const std::vector<std::pair<std::string, std::string>>& pairs,
    const table::PredicateSpec& predicate,
    bool is_regex
) {
    for (const auto& [name, value] : pairs) {
        if (name != predicate.name) continue;
        if (is_regex ? matches_whole(predicate.value, value) : predicate.value == value) {
            return true;
        }
    }
    return false;
}

bool holds(const table::PredicateSpec& predicate, const Ask& ask) {
    switch (predicate.kind) {
        case table::PredicateKind::method:
            return ask.method == predicate.value;
        case table::PredicateKind::header_exact:
            return any_value(ask.headers, predicate, false);
        case table::PredicateKind::header_regex:
            return any_value(ask.headers, predicate, true);
        case table::PredicateKind::query_exact:
            return any_value(ask.query, predicate, false);
        case table::PredicateKind::query_regex:
            return any_value(ask.query, predicate, true);
    }
    return false;
}

bool all_hold(const table::MatchSpec& match, const Ask& ask) {
    for (const table::PredicateSpec& predicate : match.predicates) {
        if (!holds(predicate, ask)) return false;
    }
    return true;
}

bool is_element_prefix(const std::string& prefix, const std::string& path) {
    if (!path.starts_with(prefix)) return false;
    return prefix.empty() || path.size() == prefix.size() || path[prefix.size()] == '/';
}

const table::MatchSpec* find_in(const table::HostSpec& host, const Ask& ask) {
    for (const table::MatchSpec& match : host.matches) {
        const bool is_exact = match.path_kind == table::PathKind::exact;
        if (is_exact && match.path == ask.path && all_hold(match, ask)) return &match;
    }
    for (const table::MatchSpec& match : host.matches) {
        const bool is_regex = match.path_kind == table::PathKind::regex;
        if (is_regex && matches_whole(match.path, ask.path) && all_hold(match, ask)) return &match;
    }
    const table::MatchSpec* best = nullptr;
    for (const table::MatchSpec& match : host.matches) {
        if (match.path_kind != table::PathKind::prefix) continue;
        if (!is_element_prefix(match.path, ask.path) || !all_hold(match, ask)) continue;
        if (best == nullptr || match.path.size() > best->path.size()) best = &match;
    }
    return best;
}

}  // namespace

std::string rule_for(const table::RoutesSpec& routes, const Ask& ask) {
    const size_t dot = ask.host.find('.');
    const std::string wildcard = dot == std::string::npos ? "" : "*" + ask.host.substr(dot);
    for (const std::string& name : {ask.host, wildcard, std::string()}) {
        const table::HostSpec* host = find_host(routes, name);
        if (host == nullptr) continue;
        const table::MatchSpec* match = find_in(*host, ask);
        if (match != nullptr) return routes.rules.at(match->rule).name;
    }
    return "";
}

}  // namespace sluice::golden
