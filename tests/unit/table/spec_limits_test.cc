// Each limit of a spec at the limit and one beyond, and each value that a table cannot hold.
#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "table/limits.h"
#include "tests/unit/table/samples.h"

namespace sluice::table {
namespace {

template <class Spec>
BuildError refusal_of(tl::expected<Bytes, BuildError> (*build)(const Spec&), const Spec& spec) {
    const auto bytes = build(spec);
    return bytes ? BuildError{Reason::ok, ""} : bytes.error();
}
BuildError refusal_of(const RoutesSpec& spec) {
    return refusal_of(build_routes, spec);
}

using Change = std::function<void(RoutesSpec&, size_t)>;

std::string path_of(size_t length) {
    return "/" + std::string(length - 1, 'p');
}

// `change` makes one thing of a sound spec so large; the limit is taken and what it makes verifies,
// one more is refused and named.
void expect_limit(const char* named, size_t limit, const Change& change) {
    SCOPED_TRACE(named);
    RoutesSpec at = sample_routes();
    change(at, limit);
    const auto bytes = build_routes(at);
    ASSERT_TRUE(bytes) << bytes.error().message;
    const auto verified = RoutesView::verify(*bytes);
    EXPECT_TRUE(verified) << verified.error().message;

    RoutesSpec beyond = sample_routes();
    change(beyond, limit + 1);
    const BuildError refusal = refusal_of(beyond);
    EXPECT_EQ(refusal.reason, Reason::table_too_large) << refusal.message;
    EXPECT_TRUE(refusal.message.starts_with(named)) << refusal.message;
}

TEST(SpecLimits, hosts_and_matches) {
    expect_limit("hosts[0].name", limits::kHostBytes, [](RoutesSpec& spec, size_t n) {
        spec.hosts[0].name = std::string(n, 'h');
    });
    expect_limit("hosts[0].matches[3].path", limits::kPathBytes, [](RoutesSpec& spec, size_t n) {
        spec.hosts[0].matches[3].path = path_of(n);
    });
    expect_limit("hosts[0].matches[7].path", limits::kRegexBytes, [](RoutesSpec& spec, size_t n) {
        spec.hosts[0].matches[7].path = path_of(n);
    });
    expect_limit("hosts[2].regexes", limits::kRegexesPerHost, [](RoutesSpec& spec, size_t n) {
        spec.hosts[2].matches.assign(n, {PathKind::regex, "/.*", {}, 0});
    });
    expect_limit("hosts[1].matches", limits::kMatchesPerHost, [](RoutesSpec& spec, size_t n) {
        spec.hosts[1].matches.assign(n, {PathKind::prefix, "/a", {}, 0});
    });
    expect_limit(
        "hosts[1].matches[1].predicates",
        limits::kPredicatesPerMatch,
        [](RoutesSpec& spec, size_t n) {
            spec.hosts[1].matches[1].predicates.assign(n, {PredicateKind::method, "", "GET"});
        }
    );
}

TEST(SpecLimits, predicates) {
    const auto predicate = [](RoutesSpec& spec, PredicateSpec one) {
        spec.hosts[1].matches[0].predicates = {std::move(one)};
    };
    using enum PredicateKind;
    const char* const value = "hosts[1].matches[0].predicates[0].value";
    const char* const name = "hosts[1].matches[0].predicates[0].name";
    expect_limit(value, limits::kMethodBytes, [&](RoutesSpec& spec, size_t n) {
        predicate(spec, {method, "", std::string(n, 'M')});
    });
    for (const auto kind : {header_exact, header_regex}) {
        expect_limit(name, limits::kFieldNameBytes, [&](RoutesSpec& spec, size_t n) {
            predicate(spec, {kind, std::string(n, 'n'), "v"});
        });
    }
    expect_limit(value, limits::kFieldValueBytes, [&](RoutesSpec& spec, size_t n) {
        predicate(spec, {header_exact, "x", std::string(n, 'v')});
    });
    for (const auto kind : {query_exact, query_regex}) {
        expect_limit(name, limits::kTargetBytes, [&](RoutesSpec& spec, size_t n) {
            predicate(spec, {kind, std::string(n, 'n'), "v"});
        });
    }
    expect_limit(value, limits::kTargetBytes, [&](RoutesSpec& spec, size_t n) {
        predicate(spec, {query_exact, "q", std::string(n, 'v')});
    });
    for (const auto kind : {header_regex, query_regex}) {
        expect_limit(value, limits::kRegexBytes, [&](RoutesSpec& spec, size_t n) {
            predicate(spec, {kind, "q", std::string(n, 'v')});
        });
    }
}

TEST(SpecLimits, rules) {
    expect_limit("rules[0].name", limits::kNameBytes, [](RoutesSpec& spec, size_t n) {
        spec.rules[0].name = std::string(n, 'n');
    });
    expect_limit("backends[1].name", limits::kNameBytes, [](RoutesSpec& spec, size_t n) {
        spec.backends[1].name = std::string(n, 'n');
    });
    expect_limit("rules[2].splits", limits::kSplitsPerRule, [](RoutesSpec& spec, size_t n) {
        spec.rules[2].splits.assign(n, {.weight = limits::kWeight, .backend = 0});
    });
    expect_limit("rules[2].splits[0].weight", limits::kWeight, [](RoutesSpec& spec, size_t n) {
        spec.rules[2].splits[0].weight = static_cast<uint32_t>(n);
    });
    expect_limit("rules[2].rewrite_path", limits::kPathBytes, [](RoutesSpec& spec, size_t n) {
        spec.rules[2].rewrite_kind = RewriteKind::full;
        spec.rules[2].rewrite_path = path_of(n);
    });
    expect_limit("rules[2].rewrite_host", limits::kHostBytes, [](RoutesSpec& spec, size_t n) {
        spec.rules[2].rewrite_host = std::string(n, 'h');
    });
    expect_limit("rules[1].redirect.path", limits::kPathBytes, [](RoutesSpec& spec, size_t n) {
        spec.rules[1].redirect->path = path_of(n);
    });
    expect_limit("rules[1].redirect.host", limits::kHostBytes, [](RoutesSpec& spec, size_t n) {
        spec.rules[1].redirect->host = std::string(n, 'h');
    });
}

TEST(SpecLimits, edits_and_clocks) {
    expect_limit("rules[2].request_edits", limits::kEditsPerRule, [](RoutesSpec& spec, size_t n) {
        spec.rules[2].request_edits.assign(n, {EditKind::set, "x", "1"});
    });
    expect_limit("rules[2].response_edits", limits::kEditsPerRule, [](RoutesSpec& spec, size_t n) {
        spec.rules[2].response_edits.assign(n, {EditKind::set, "x", "1"});
    });
    expect_limit(
        "rules[0].request_edits[0].name",
        limits::kFieldNameBytes,
        [](RoutesSpec& spec, size_t n) {
            spec.rules[0].request_edits[0].name = std::string(n, 'x');
        }
    );
    expect_limit(
        "rules[0].request_edits[0].value",
        limits::kFieldValueBytes,
        [](RoutesSpec& spec, size_t n) {
            spec.rules[0].request_edits[0].value = std::string(n, 'x');
        }
    );
    const std::pair<const char*, uint32_t RuleSpec::*> clocks[] = {
        {"rules[2].connect_ms", &RuleSpec::connect_ms},
        {"rules[2].first_byte_ms", &RuleSpec::first_byte_ms},
        {"rules[2].idle_ms", &RuleSpec::idle_ms},
        {"rules[2].request_ms", &RuleSpec::request_ms},
    };
    for (const auto& [named, clock] : clocks) {
        expect_limit(named, limits::kTimeoutMs, [field = clock](RoutesSpec& spec, size_t n) {
            spec.rules[2].*field = static_cast<uint32_t>(n);
        });
    }
}

// Specs of this size are only counted here: at the limit they fail for another reason.
TEST(SpecLimits, counts_of_the_whole_table) {
    const auto reason = [](const auto& make, size_t n) {
        RoutesSpec spec;
        make(spec, n);
        return refusal_of(spec);
    };
    const Change hosts = [](RoutesSpec& spec, size_t n) { spec.hosts.resize(n); };
    const Change rules = [](RoutesSpec& spec, size_t n) { spec.rules.resize(n); };
    const Change backends = [](RoutesSpec& spec, size_t n) { spec.backends.resize(n); };
    EXPECT_EQ(reason(hosts, limits::kHosts).reason, Reason::table_bad_value);
    EXPECT_EQ(reason(hosts, limits::kHosts + 1).reason, Reason::table_too_large);
    EXPECT_EQ(reason(rules, limits::kRules).reason, Reason::table_bad_value);
    EXPECT_EQ(reason(rules, limits::kRules + 1).reason, Reason::table_too_large);
    EXPECT_EQ(reason(backends, limits::kBackends).reason, Reason::ok);
    EXPECT_EQ(reason(backends, limits::kBackends + 1).reason, Reason::table_too_large);
}

TEST(SpecLimits, endpoints) {
    EndpointsSpec spec;
    spec.sets.push_back({1, std::vector(limits::kEndpoints, sample_endpoint(1, 80))});
    const Bytes bytes = built(spec);
    EXPECT_TRUE(EndpointsView::verify(bytes));
    spec.sets.push_back({2, {sample_endpoint(1, 80)}});
    EXPECT_EQ(refusal_of(build_endpoints, spec).reason, Reason::table_too_large);

    EndpointsSpec sets;
    for (uint64_t i = 0; i < limits::kBackends; ++i) sets.sets.push_back({i << 44, {}});
    EXPECT_TRUE(EndpointsView::verify(built(sets)));
    sets.sets.push_back({1, {}});
    EXPECT_EQ(refusal_of(build_endpoints, sets).reason, Reason::table_too_large);

    EndpointsSpec named = sample_endpoints();
    named.sets[1].endpoints[0].name = std::string(limits::kNameBytes, 'n');
    EXPECT_TRUE(EndpointsView::verify(built(named)));
    named.sets[1].endpoints[0].name += 'n';
    EXPECT_EQ(refusal_of(build_endpoints, named).message.find("sets[1].endpoints[0].name"), 0U);
}

struct Value {
    const char* named;
    Reason reason;
    std::function<void(RoutesSpec&)> change;
};

void expect_refused(const std::vector<Value>& values) {
    for (const Value& value : values) {
        RoutesSpec spec = sample_routes();
        value.change(spec);
        const BuildError refusal = refusal_of(spec);
        EXPECT_EQ(refusal.reason, value.reason) << value.named << ": " << refusal.message;
        EXPECT_TRUE(refusal.message.starts_with(value.named)) << refusal.message;
    }
}

TEST(SpecValues, hosts_and_paths) {
    const auto host = [](std::string name) {
        return [name](RoutesSpec& spec) { spec.hosts[0].name = name; };
    };
    const auto path = [](PathKind kind, std::string text) {
        return [=](RoutesSpec& spec) { spec.hosts[0].matches[0] = {kind, text, {}, 0}; };
    };
    constexpr Reason kBad = Reason::table_bad_value;
    for (const char* name :
         {"Upper.example", "a b", "*", "*.", "a.*.b", "**.a", "a/b", "a\n", "é"}) {
        expect_refused({{"hosts[0].name", kBad, host(name)}});
    }
    const char* const field = "hosts[0].matches[0].path";
    for (const char* text :
         {"", "a", "a/b", "/a b", "/a?b", "/a#b", "/a\\b", "/a\tb", "/\xc3\xa9"}) {
        expect_refused({{field, kBad, path(PathKind::exact, text)}});
    }
    for (const char* text : {"/", "a", "/a/", "/a?"}) {
        expect_refused({{field, kBad, path(PathKind::prefix, text)}});
    }
    expect_refused({
        {field, kBad, path(PathKind::regex, "/a\nb")},
        {"hosts[0].matches[0].path_kind", kBad, path(PathKind{3}, "/a")},
        {"hosts[1].matches[1].rule",
         Reason::table_bad_reference,
         [](RoutesSpec& spec) { spec.hosts[1].matches[1].rule = 3; }},
    });
}

TEST(SpecValues, predicates) {
    using enum PredicateKind;
    const auto predicate = [](PredicateSpec one) {
        return [one](RoutesSpec& spec) { spec.hosts[1].matches[1].predicates = {one}; };
    };
    const std::string at = "hosts[1].matches[1].predicates[0].";
    const std::pair<const char*, PredicateSpec> cases[] = {
        {"name", {method, "x", "GET"}},
        {"value", {method, "", ""}},
        {"value", {method, "", "GE T"}},
        {"name", {header_exact, "", "v"}},
        {"name", {header_exact, "X", "v"}},
        {"name", {header_regex, "a:b", "v"}},
        {"value", {header_exact, "x", "\r"}},
        {"value", {header_regex, "x", "\n"}},
        {"name", {query_exact, "\x01", "v"}},
        {"value", {query_regex, "q", std::string(1, '\0')}},
        {"kind", {PredicateKind{5}, "x", "v"}},
    };
    for (const auto& [field, one] : cases) {
        const std::string named = at + field;
        expect_refused({{named.c_str(), Reason::table_bad_value, predicate(one)}});
    }
}

TEST(SpecValues, rules) {
    constexpr Reason kBad = Reason::table_bad_value;
    constexpr Reason kReference = Reason::table_bad_reference;
    expect_refused({
        {"rules[0].name", kBad, [](RoutesSpec& s) { s.rules[0].name += '\n'; }},
        {"rules[2].splits", kBad, [](RoutesSpec& s) { s.rules[2].splits.clear(); }},
        {"rules[2].splits[0].weight", kBad, [](RoutesSpec& s) { s.rules[2].splits[0].weight = 0; }},
        {"rules[2].splits[0].backend",
         kReference,
         [](RoutesSpec& s) { s.rules[2].splits[0].backend = 2; }},
        {"rules[0].splits[2].backend", kBad, [](RoutesSpec& s) { s.rules[0].splits[2].backend = 0; }
        },
        {"rules[0].splits[2].refuse",
         kBad,
         [](RoutesSpec& s) { s.rules[0].splits[2].refuse = Reason::kCount; }},
        {"rules[0].policy", kBad, [](RoutesSpec& s) { s.rules[0].policy = BalancePolicy{2}; }},
        {"rules[0].rewrite_path", kBad, [](RoutesSpec& s) { s.rules[0].rewrite_path = "x"; }},
        {"rules[0].rewrite_path",
         kBad,
         [](RoutesSpec& s) { s.rules[0].rewrite_kind = RewriteKind{3}; }},
        {"rules[0].rewrite_path",
         kBad,
         [](RoutesSpec& s) { s.rules[0].rewrite_kind = RewriteKind::none; }},
        {"rules[0].rewrite_host", kBad, [](RoutesSpec& s) { s.rules[0].rewrite_host = "a\r"; }},
        {"rules[1].redirect.status", kBad, [](RoutesSpec& s) { s.rules[1].redirect->status = 304; }
        },
        {"rules[1].redirect.scheme",
         kBad,
         [](RoutesSpec& s) { s.rules[1].redirect->scheme = "ftp"; }},
        {"rules[1].redirect.host", kBad, [](RoutesSpec& s) { s.rules[1].redirect->host = "a/b"; }},
        {"rules[1].redirect.path", kBad, [](RoutesSpec& s) { s.rules[1].redirect->path = "/a b"; }},
        {"rules[0].request_edits[0].kind",
         kBad,
         [](RoutesSpec& s) { s.rules[0].request_edits[0].kind = EditKind{3}; }},
        {"rules[0].request_edits[2].value",
         kBad,
         [](RoutesSpec& s) { s.rules[0].request_edits[2].value = "x"; }},
        {"rules[0].response_edits[0].name",
         kBad,
         [](RoutesSpec& s) { s.rules[0].response_edits[0].name = "x y"; }},
        {"rules[0].response_edits[0].value",
         kBad,
         [](RoutesSpec& s) { s.rules[0].response_edits[0].value = "1\r\nx: 2"; }},
        {"rules[1].idle_ms", kBad, [](RoutesSpec& s) { s.rules[1].idle_ms = 0; }},
        {"backends[0].name", kBad, [](RoutesSpec& s) { s.backends[0].name = "\x7f"; }},
    });
}

TEST(SpecValues, endpoints) {
    EndpointsSpec spec = sample_endpoints();
    spec.sets[0].endpoints[1].port = 0;
    EXPECT_EQ(refusal_of(build_endpoints, spec).reason, Reason::table_bad_value);
    EXPECT_TRUE(refusal_of(build_endpoints, spec).message.starts_with("sets[0].endpoints[1].port"));
    spec = sample_endpoints();
    spec.sets[0].endpoints[1].name = "a\nb";
    EXPECT_TRUE(refusal_of(build_endpoints, spec).message.starts_with("sets[0].endpoints[1].name"));
}

}  // namespace
}  // namespace sluice::table
