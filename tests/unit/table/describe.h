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
            if (host.root != kNone) tree(view, host, matches);
            for (const Match& match :
                 view.matches().subspan(host.regexes.first, host.regexes.count)) {
                const std::string pattern = text(view, view.regexes()[match.regex].pattern);
                matches.add(text(view, host.name), PathKind::regex, pattern, rest(view, match));
            }
        }
        Lines lines = matches.take();
        for (size_t i = 0; i < view.rules().size(); ++i) lines.push_back(rule(view, i));
        for (const Host& host : view.hosts()) lines.push_back("host|" + text(view, host.name));
        std::ranges::sort(lines);
        return lines;
    }

private:
    static std::string text(const RoutesView& view, Text place) {
        return std::string(view.text(place));
    }

    static void tree(const RoutesView& view, const Host& host, MatchLines& matches) {
        std::vector<std::pair<uint32_t, std::string>> open{{host.root, ""}};
        while (!open.empty()) {
            const auto [index, before] = open.back();
            open.pop_back();
            const Node& node = view.nodes()[index];
            const std::string path = before + text(view, node.label);
            const auto add = [&](PathKind kind, Range range) {
                for (const Match& match : view.matches().subspan(range.first, range.count)) {
                    matches.add(text(view, host.name), kind, path, rest(view, match));
                }
            };
            add(PathKind::exact, node.exact);
            add(PathKind::prefix, node.prefix);
            for (uint32_t i = 0; i < node.children.count; ++i) {
                open.emplace_back(node.children.first + i, path);
            }
        }
    }

    static std::string rest(const RoutesView& view, const Match& match) {
        std::string line = number(match.rule);
        const auto predicates = view.predicates().subspan(match.predicates, match.predicate_count);
        for (const Predicate& one : predicates) {
            line += joined({";", name_of(one.kind), text(view, one.name), text(view, one.value)});
        }
        return line;
    }

    static std::string rule(const RoutesView& view, size_t index) {
        const Rule& rule = view.rules()[index];
        std::string line = joined(
            {"rule",
             number(index),
             number(rule.key_high),
             number(rule.key_low),
             text(view, rule.name),
             name_of(rule.policy),
             number(rule.ai),
             name_of(rule.rewrite_kind),
             text(view, rule.rewrite_path),
             text(view, rule.rewrite_host),
             number(rule.connect_ms),
             number(rule.first_byte_ms),
             number(rule.idle_ms),
             number(rule.request_ms)}
        );
        for (const Split& split : view.splits().subspan(rule.splits.first, rule.splits.count)) {
            const bool local = split.backend == kNone;
            line += joined(
                {"split",
                 number(split.weight),
                 number(split.reason),
                 local ? "" : text(view, view.backends()[split.backend].name)}
            );
        }
        for (const Range range : {rule.request_edits, rule.response_edits}) {
            line += "edits|";
            for (const Edit& edit : view.edits().subspan(range.first, range.count)) {
                line += joined({name_of(edit.kind), text(view, edit.name), text(view, edit.value)});
            }
        }
        if (rule.redirect == kNone) return line;
        const Redirect& to = view.redirects()[rule.redirect];
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
