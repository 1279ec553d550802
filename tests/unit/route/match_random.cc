// Random tables and requests against the oracle.
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "proxy/route/match.h"
#include "tests/unit/route/fixture.h"
#include "tests/unit/route/oracle.h"

namespace sluice::route {
namespace {

using table::PathKind;
using table::PredicateKind;

class Dice {
public:
    explicit Dice(uint64_t seed) : random_(seed) {}
    uint64_t below(uint64_t count) { return random_() % count; }
    bool one_in(uint64_t count) { return below(count) == 0; }
    template <class T>
    const T& any(const std::vector<T>& all) {
        return all[below(all.size())];
    }

private:
    std::mt19937_64 random_;
};

// Few and similar names, so that paths share beginnings in the middle of elements.
const std::vector<std::string> kElements = {"a", "ab", "abc", "b", "ba", "v1", "%C3%A9", "a-b"};
const std::vector<std::string> kHosts = {
    "",
    "*.example.com",
    "a.example.com",
    "b.example.com",
    "*.a.example.com",
    "c.test",
    "*.test",
};
const std::vector<std::string> kAskedHosts = {
    "a.example.com",
    "b.example.com",
    "z.example.com",
    "q.a.example.com",
    "c.test",
    "d.test",
    "example.com",
    "elsewhere.org",
    "localhost",
    "[::1]",
};
const std::vector<std::string> kPatterns = {
    "/a.*",
    "/[ab]+/.*",
    "/(a|ab)/?",
    ".*/v[0-9]",
    "/.*b",
    "/a/b|/ab",
    "/[^/]*/[^/]*",
};
const std::vector<std::string> kMethods = {"GET", "POST", "PUT"};
const std::vector<std::string> kValues = {"1", "2", "12", ""};

std::string any_path(Dice& dice, size_t most) {
    std::string path;
    for (size_t i = dice.below(most + 1); i > 0; --i) path += "/" + dice.any(kElements);
    return path;
}

table::PredicateSpec any_predicate(Dice& dice) {
    const std::string name = dice.one_in(2) ? "x-a" : "x-b";
    switch (dice.below(5)) {
        case 0:
            return {PredicateKind::method, "", dice.any(kMethods)};
        case 1:
            return {PredicateKind::header_exact, name, dice.any(kValues)};
        case 2:
            return {PredicateKind::header_regex, name, "[1x]2?"};
        case 3:
            return {PredicateKind::query_exact, name, dice.any(kValues)};
        default:
            return {PredicateKind::query_regex, name, "1|2+"};
    }
}

table::RoutesSpec any_spec(Dice& dice) {
    table::RoutesSpec spec;
    for (const std::string& name : kHosts) {
        if (dice.one_in(3)) continue;
        table::HostSpec host{name, {}};
        for (size_t i = 1 + dice.below(20); i > 0; --i) {
            std::vector<table::PredicateSpec> predicates;
            for (size_t k = dice.below(4); k > 1; --k) predicates.push_back(any_predicate(dice));
            const uint64_t kind = dice.below(8);
            if (kind == 0) {
                add_match(spec, host, PathKind::regex, dice.any(kPatterns), predicates);
            } else if (kind < 4) {
                std::string path = any_path(dice, 4);
                if (path.empty() || dice.one_in(4)) path += "/";
                add_match(spec, host, PathKind::exact, path, predicates);
            } else {
                add_match(spec, host, PathKind::prefix, any_path(dice, 4), predicates);
            }
        }
        spec.hosts.push_back(host);
    }
    return spec;
}

oracle::Asked any_request(Dice& dice, const table::RoutesSpec& spec) {
    oracle::Asked asked;
    asked.method = dice.any(kMethods);
    asked.host = dice.any(kAskedHosts);
    asked.path = any_path(dice, 5);
    if (!spec.hosts.empty() && dice.one_in(2)) {  // near a path that some rule names
        const auto& host = dice.any(spec.hosts);
        const auto& match = dice.any(host.matches);
        if (match.path_kind != PathKind::regex) asked.path = match.path;
        if (dice.one_in(3)) asked.path += any_path(dice, 2);
        if (dice.one_in(8)) asked.path += "b";
    }
    if (!asked.path.starts_with('/')) asked.path = "/" + asked.path;
    if (dice.one_in(6) && !asked.path.ends_with('/')) asked.path += "/";
    for (size_t i = dice.below(4); i > 0; --i) {
        asked.fields.emplace_back(dice.one_in(2) ? "x-a" : "x-b", dice.any(kValues));
    }
    for (size_t i = dice.below(4); i > 0; --i) {
        asked.query.emplace_back(dice.one_in(2) ? "x-a" : "x-b", dice.any(kValues));
    }
    return asked;
}

// As a client may write it: names in any case, characters escaped or not.
std::string written(Dice& dice, const std::string& text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string result;
    for (const char c : text) {
        if (dice.one_in(4)) {
            result += {'%', kHex[static_cast<uint8_t>(c) >> 4], kHex[c & 15]};
        } else {
            result += c;
        }
    }
    return result;
}

void write(Dice& dice, const oracle::Asked& asked, Request& request) {
    for (const auto& [name, value] : asked.fields) {
        request.field(dice.one_in(2) ? name : "X-" + std::string(name == "x-a" ? "A" : "b"), value);
    }
    std::string query;
    for (const auto& [name, value] : asked.query) {
        if (!query.empty()) query += "&";
        query += written(dice, name);
        if (!value.empty() || dice.one_in(2)) query += "=" + written(dice, value);
    }
    if (!query.empty()) request.query(query);
}

TEST(MatchRandom, agrees_with_the_oracle) {
    const uint64_t first_seed = 1000;
    std::map<std::string, int> kinds;
    for (uint64_t seed = first_seed; seed < first_seed + 400; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Dice dice(seed);
        const table::RoutesSpec spec = any_spec(dice);
        const Table table(spec);
        const Regexes regexes = Regexes::of(table.view, nullptr);
        for (int i = 0; i < 50; ++i) {
            const oracle::Asked asked = any_request(dice, spec);
            Request request(asked.host, asked.path, asked.method);
            write(dice, asked, request);
            const Matched matched = match(table.view, regexes, request.head);
            const auto wanted = oracle::rule_of(spec, asked);
            const std::string got =
                matched.rule ? std::string(table.view.name(*matched.rule)) : "none";
            ASSERT_EQ(got, wanted ? spec.rules[*wanted].name : "none")
                << asked.method << " " << asked.host << " " << request.head.target;
            if (!wanted) {
                ++kinds["none"];
            } else if (table::kind_of(*matched.match) == table::PathKind::regex) {
                ++kinds["regex"];
            } else {
                ++kinds[matched.match->predicate_count != 0 ? "conditional" : "plain"];
            }
        }
    }
    for (const char* kind : {"none", "regex", "conditional", "plain"}) {
        EXPECT_GT(kinds[kind], 500) << kind << ": the generator must reach every kind of answer";
    }
    RecordProperty("first_seed", static_cast<int>(first_seed));
}

}  // namespace
}  // namespace sluice::route
