// A routes table as sorted lines, from a spec and from a segment: equal lines mean equal content.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "table/spec.h"
#include "table/view.h"

namespace sluice::table {

using Lines = std::vector<std::string>;

inline std::string joined(std::initializer_list<std::string> parts) {
    std::string line;
    for (const std::string& part : parts) line += part + "|";
    return line;
}

inline std::string number(uint64_t value) {
    return std::to_string(value);
}
template <class Enum>
std::string name_of(Enum value) {
    return number(static_cast<uint64_t>(value));
}

// What one path of one host has, in the order of the table.
class MatchLines {
public:
    void add(const std::string& host, PathKind kind, const std::string& path, std::string rest) {
        const size_t turn = turns_[{host, kind, kind == PathKind::regex ? "" : path}]++;
        lines_.push_back(joined({"match", host, name_of(kind), path, number(turn), std::move(rest)})
        );
    }
    Lines take() { return std::move(lines_); }

private:
    std::map<std::tuple<std::string, PathKind, std::string>, size_t> turns_;
    Lines lines_;
};

class SpecDescription {
public:
    static Lines of(const RoutesSpec& spec) {
        MatchLines matches;
        for (const HostSpec& host : spec.hosts) {
            for (const MatchSpec& match : host.matches) {
                std::string rest = number(match.rule);
                for (const PredicateSpec& one : match.predicates) {
                    rest += joined({";", name_of(one.kind), one.name, one.value});
                }
                matches.add(host.name, match.path_kind, match.path, rest);
            }
        }
        Lines lines = matches.take();
        for (size_t i = 0; i < spec.rules.size(); ++i) lines.push_back(rule(spec, i));
        for (const HostSpec& host : spec.hosts) lines.push_back("host|" + host.name);
        std::ranges::sort(lines);
        return lines;
    }

private:
    static std::string rule(const RoutesSpec& spec, size_t index) {
        const RuleSpec& rule = spec.rules[index];
        std::string line = joined(
            {"rule",
             number(index),
             number(rule.key.high),
             number(rule.key.low),
             rule.name,
             name_of(rule.policy),
             number(rule.ai),
             name_of(rule.rewrite_kind),
             rule.rewrite_path,
             rule.rewrite_host,
             number(rule.connect_ms),
             number(rule.first_byte_ms),
             number(rule.idle_ms),
             number(rule.request_ms)}
        );
        for (const SplitSpec& split : rule.splits) {
            const bool local = split.refuse != Reason::ok;
            line += joined(
                {"split",
                 number(split.weight),
                 name_of(split.refuse),
                 local ? "" : spec.backends[split.backend].name}
            );
        }
        for (const auto* edits : {&rule.request_edits, &rule.response_edits}) {
            line += "edits|";
            for (const EditSpec& edit : *edits) {
                line += joined({name_of(edit.kind), edit.name, edit.value});
            }
        }
        if (!rule.redirect) return line;
        const RedirectSpec& to = *rule.redirect;
        return line + joined(
                          {"to",
                           number(to.status),
                           to.scheme,
                           to.host,
                           number(to.port),
                           name_of(to.path_kind),
                           to.path}
                      );
    }
};

class ViewDescription {
public:
    static Lines of(const RoutesView& view) {
        MatchLines matches;
        for (const Host& host : view.hosts()) {
            const std::string name(view.name(host));
            for (const Path& path : view.paths_of(host)) add(view, name, path, matches);
            view.any_match_by_regex(host, [&](const Match& match) {
                const std::string pattern =
                    text(view, view.regexes()[view.regex_of(match)].pattern);
                matches.add(name, PathKind::regex, pattern, rest(view, match));
                return false;
            });
        }
        Lines lines = matches.take();
        for (size_t i = 0; i < view.rules().size(); ++i) lines.push_back(rule(view, i));
        for (const Host& host : view.hosts())
            lines.push_back("host|" + std::string(view.name(host)));
        std::ranges::sort(lines);
        return lines;
    }

private:
    static std::string text(const RoutesView& view, Text place) {
        return std::string(view.text(place));
    }

    static void add(
        const RoutesView& view, const std::string& host, const Path& path, MatchLines& matches
    ) {
        for (const PathKind kind : {PathKind::exact, PathKind::prefix}) {
            view.any_match(path, kind, [&](const Match& match) {
                matches.add(host, kind, std::string(view.text(path)), rest(view, match));
                return false;
            });
        }
    }

    static std::string rest(const RoutesView& view, const Match& match) {
        std::string line = number(match.rule);
        for (const Predicate& one : view.predicates_of(match)) {
            line += joined({";", name_of(one.kind), text(view, one.name), text(view, one.value)});
        }
        return line;
    }

    static std::string rule(const RoutesView& view, size_t index) {
        const Rule& rule = view.rules()[index];
        const Conduct& conduct = view.conduct_of(rule);
        std::string line = joined(
            {"rule",
             number(index),
             number(rule.key_high),
             number(rule.key_low),
             std::string(view.name(rule)),
             name_of(conduct.policy),
             number(conduct.ai),
             name_of(conduct.rewrite_kind),
             text(view, conduct.rewrite_path),
             text(view, conduct.rewrite_host),
             number(conduct.connect_ms),
             number(conduct.first_byte_ms),
             number(conduct.idle_ms),
             number(conduct.request_ms)}
        );
        for (const Split& split : view.splits_of(rule)) {
            const bool local = split.backend == kNone;
            line += joined(
                {"split",
                 number(split.weight),
                 number(split.reason),
                 local ? "" : text(view, view.backends()[split.backend].name)}
            );
        }
        for (const Range range : {conduct.request_edits, conduct.response_edits}) {
            line += "edits|";
            for (const Edit& edit : view.edits().subspan(range.first, range.count)) {
                line += joined({name_of(edit.kind), text(view, edit.name), text(view, edit.value)});
            }
        }
        if (conduct.redirect == kNone) return line;
        const Redirect& to = view.redirects()[conduct.redirect];
        return line + joined(
                          {"to",
                           number(to.status),
                           text(view, to.scheme),
                           text(view, to.host),
                           number(to.port),
                           name_of(to.path_kind),
                           text(view, to.path)}
                      );
    }
};

}  // namespace sluice::table
