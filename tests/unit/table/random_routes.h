// Random specs within the limits, dense enough that paths share prefixes, texts repeat and rules
// look alike.
#pragma once

#include <random>
#include <set>
#include <string>

#include "tests/unit/table/samples.h"

namespace sluice::table {

class RandomRoutes {
public:
    explicit RandomRoutes(uint32_t seed) : random_(seed) {}

    RoutesSpec make() {
        RoutesSpec spec;
        spec.backends = {sample_backend("a"), sample_backend("b"), sample_backend("c")};
        const size_t rules = 1 + below(8);
        for (size_t i = 0; i < rules; ++i) spec.rules.push_back(rule(i));
        std::set<std::string> names;
        for (size_t i = below(12); i > 0; --i) names.insert(host_name());
        for (const std::string& name : names) spec.hosts.push_back(host(name, rules));
        std::shuffle(spec.hosts.begin(), spec.hosts.end(), random_);
        return spec;
    }
    size_t below(size_t bound) { return random_() % bound; }

private:
    RuleSpec rule(size_t index) {
        if (below(4) == 0) return redirect_rule();
        if (below(3) == 0) return rich_rule();
        RuleSpec rule = sample_rule("r" + std::to_string(index), 0);
        rule.splits.clear();
        for (uint32_t i = 0; i <= below(3); ++i) {
            rule.splits.push_back({.weight = 1 + static_cast<uint32_t>(below(100)), .backend = i});
        }
        return rule;
    }

    std::string host_name() {
        if (below(8) == 0) return "";
        const std::string name(1 + below(2), static_cast<char>('a' + below(4)));
        return (below(3) == 0 ? "*." : "") + name + ".example";
    }

    std::string path() {
        std::string path;
        for (size_t i = below(4); i > 0; --i) {
            path += '/';
            path += std::string(1 + below(2), static_cast<char>('a' + below(3)));
        }
        return path;
    }

    HostSpec host(const std::string& name, size_t rules) {
        HostSpec host{name, {}};
        for (size_t i = below(20); i > 0; --i) {
            MatchSpec match{PathKind::prefix, path(), {}, static_cast<uint32_t>(below(rules))};
            if (below(3) == 0) match = {PathKind::exact, match.path + "/", {}, match.rule};
            if (below(10) == 0) match = {PathKind::regex, "/x" + match.path, {}, match.rule};
            if (below(4) == 0) match.predicates = {{PredicateKind::method, "", "GET"}};
            if (below(4) == 0) match.predicates.push_back({PredicateKind::query_regex, "q", "a+"});
            host.matches.push_back(match);
        }
        return host;
    }

    std::mt19937 random_;
};

}  // namespace sluice::table
