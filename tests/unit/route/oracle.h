// What should match, by reading the spec from top to bottom: no index, no order but the documented
// one, element by element, std::regex instead of RE2. Slow and obvious.
#pragma once

#include <algorithm>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "table/spec.h"

namespace sluice::route::oracle {

struct Asked {
    std::string method = "GET";
    std::string host;
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;   // decoded
    std::vector<std::pair<std::string, std::string>> fields;  // lower-case names
};

inline std::vector<std::string> elements(const std::string& path) {
    std::vector<std::string> result;
    for (size_t at = 0; at < path.size();) {
        const size_t end = std::min(path.find('/', at + 1), path.size());
        result.push_back(path.substr(at + 1, end - at - 1));
        at = end;
    }
    return result;
}

inline bool is_element_prefix(const std::string& prefix, const std::string& path) {
    const auto head = elements(prefix);
    const auto whole = elements(path);
    return head.size() <= whole.size() && std::equal(head.begin(), head.end(), whole.begin());
}

inline bool regex_holds(const std::string& pattern, const std::string& text) {
    return std::regex_match(text, std::regex(pattern));
}

inline bool holds(const table::PredicateSpec& predicate, const Asked& asked) {
    using table::PredicateKind;
    const auto value_holds = [&](const std::string& value, bool is_regex) {
        return is_regex ? regex_holds(predicate.value, value) : value == predicate.value;
    };
    switch (predicate.kind) {
        case PredicateKind::method:
            return asked.method == predicate.value;
        case PredicateKind::header_exact:
        case PredicateKind::header_regex:
            return std::any_of(asked.fields.begin(), asked.fields.end(), [&](const auto& field) {
                return field.first == predicate.name &&
                       value_holds(field.second, predicate.kind == PredicateKind::header_regex);
            });
        case PredicateKind::query_exact:
        case PredicateKind::query_regex:
            for (const auto& [name, value] : asked.query) {
                if (name != predicate.name) continue;
                return value_holds(value, predicate.kind == PredicateKind::query_regex);
            }
            return false;
    }
    return false;
}

inline bool all_hold(const table::MatchSpec& match, const Asked& asked) {
    return std::all_of(match.predicates.begin(), match.predicates.end(), [&](const auto& one) {
        return holds(one, asked);
    });
}

inline bool path_holds(const table::MatchSpec& match, const std::string& path) {
    switch (match.path_kind) {
        case table::PathKind::exact:
            return match.path == path;
        case table::PathKind::regex:
            return regex_holds(match.path, path);
        case table::PathKind::prefix:
            return is_element_prefix(match.path, path);
    }
    return false;
}

// exact, then regex, then prefix by falling length; spec order among equals.
inline std::pair<int, size_t> rank(const table::MatchSpec& match) {
    if (match.path_kind == table::PathKind::exact) return {0, 0};
    if (match.path_kind == table::PathKind::regex) return {1, 0};
    return {2, limits::kPathBytes - match.path.size()};
}

inline std::optional<uint32_t> rule_in(const table::HostSpec& host, const Asked& asked) {
    const table::MatchSpec* best = nullptr;
    for (const table::MatchSpec& match : host.matches) {
        if (!path_holds(match, asked.path) || !all_hold(match, asked)) continue;
        if (best == nullptr || rank(match) < rank(*best)) best = &match;
    }
    return best == nullptr ? std::nullopt : std::optional(best->rule);
}

// Index of the rule, or nothing.
inline std::optional<uint32_t> rule_of(const table::RoutesSpec& spec, const Asked& asked) {
    std::vector<std::string> names{asked.host};
    const size_t dot = asked.host.find('.');
    if (dot != std::string::npos && dot > 0) names.push_back("*" + asked.host.substr(dot));
    names.push_back("");
    for (const std::string& name : names) {
        for (const table::HostSpec& host : spec.hosts) {
            if (host.name != name) continue;
            if (const auto rule = rule_in(host, asked)) return rule;
        }
    }
    return std::nullopt;
}

}  // namespace sluice::route::oracle
