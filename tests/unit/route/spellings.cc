// Path bypass (reliability row 14): however a client spells a path, the route that we choose is the
// one that an oracle picks on what the origin receives, or the path is refused.
#include <gtest/gtest.h>
#include <set>

#include "proxy/http/path.h"
#include "proxy/route/match.h"
#include "tests/unit/route/fixture.h"
#include "tests/unit/route/oracle.h"

namespace sluice::route {
namespace {

using table::PathKind;

std::string escaped(char c, bool upper) {
    const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    return {'%', digits[static_cast<uint8_t>(c) >> 4], digits[c & 15]};
}

// What an origin that decodes everything and resolves dots the way of RFC 3986 would serve.
std::string as_origin_reads(const std::string& path) {
    std::string decoded;
    for (size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '%' && i + 2 < path.size()) {
            decoded += static_cast<char>(std::stoi(path.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            decoded += path[i];
        }
    }
    std::vector<std::string> kept;
    const auto all = oracle::elements(decoded);
    for (const auto& element : all) {
        if (element == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (element != "." && !element.empty()) {
            kept.push_back(element);
        }
    }
    std::string result;
    for (const auto& element : kept) result += "/" + element;
    const bool slash = all.empty() || all.back().empty() || all.back() == "." || all.back() == "..";
    return slash || result.empty() ? result + "/" : result;
}

std::set<std::string> spellings() {
    std::set<std::string> result;
    const std::string inserts[] = {"/",       "/.",   "/./", "/x/..", "/%2e",   "/%2E%2e/", "/..",
                                   "/%2e%2E", "/..;", "/;",  "/.;a",  "%2f",    "%5c",      "\\",
                                   "%00",     "%20",  ";",   "%2561", "//..//", "%25"};
    for (const std::string base : {"/admin/keys", "/v1/models", "/public/admin"}) {
        result.insert({base, base + "/", base + "//", base + "/.", base + "/..", base + "/%2e%2e/"}
        );
        for (size_t i = 0; i < base.size(); ++i) {
            for (const bool upper : {false, true}) {
                result.insert(base.substr(0, i) + escaped(base[i], upper) + base.substr(i + 1));
            }
            std::string shouted = base;
            shouted[i] = static_cast<char>(std::toupper(shouted[i]));
            result.insert(shouted);
            if (base[i] != '/') continue;
            for (const auto& insert : inserts)
                result.insert(base.substr(0, i) + insert + base.substr(i));
        }
        for (const std::string before :
             {"/public/..", "/public/%2e%2e", "/public/.%2e", "/x/../..", "/.", "//"}) {
            result.insert(before + base);
            for (size_t i = 1; i < base.size(); ++i) {
                result.insert(
                    before + base.substr(0, i) + escaped(base[i], true) + base.substr(i + 1)
                );
            }
        }
    }
    return result;
}

std::vector<table::RoutesSpec> route_sets() {
    using Paths = std::vector<std::pair<PathKind, std::string>>;
    const std::vector<Paths> all = {
        {{PathKind::prefix, ""}},
        {{PathKind::prefix, "/admin"}},
        {{PathKind::prefix, "/admin"}, {PathKind::prefix, ""}},
        {{PathKind::exact, "/admin/keys"}, {PathKind::prefix, "/public"}},
        {{PathKind::exact, "/admin/keys"}, {PathKind::prefix, "/admin"}, {PathKind::prefix, ""}},
        {{PathKind::exact, "/admin/keys/"}, {PathKind::exact, "/admin/keys"}},
        {{PathKind::prefix, "/v1"},
         {PathKind::exact, "/v1/models"},
         {PathKind::prefix, "/v1/models"}},
        {{PathKind::regex, "/admin/.*"}, {PathKind::prefix, ""}},
        {{PathKind::regex, "/v[0-9]+/models/?"}, {PathKind::prefix, "/public"}},
        {{PathKind::prefix, "/public/admin"}, {PathKind::prefix, "/public"}, {PathKind::exact, "/"}
        },
        {{PathKind::prefix, "/x"}, {PathKind::prefix, "/ADMIN"}, {PathKind::prefix, "/admin"}},
        {{PathKind::exact, "/v1/models"},
         {PathKind::exact, "/public/admin"},
         {PathKind::prefix, "/a"}},
    };
    std::vector<table::RoutesSpec> result;
    for (const auto& paths : all) {
        table::RoutesSpec spec;
        table::HostSpec host{"", {}};
        for (const auto& [kind, path] : paths) add_match(spec, host, kind, path);
        spec.hosts.push_back(host);
        result.push_back(spec);
    }
    return result;
}

TEST(Spellings, the_chosen_route_is_the_one_of_what_the_origin_receives) {
    const auto all = spellings();
    const auto sets = route_sets();
    ASSERT_GE(all.size(), 400u);
    ASSERT_EQ(sets.size(), 12u);
    size_t refused = 0;
    for (const auto& spec : sets) {
        const Table table(spec);
        const Regexes regexes = Regexes::of(table.view, nullptr);
        for (const std::string& raw : all) {
            http::Scratch scratch;
            const auto canonical = http::canonical_path(raw, scratch);
            if (canonical.reason != Reason::ok) {
                ++refused;
                continue;
            }
            const Request request("h", canonical.path);
            const Matched matched = match(table.view, regexes, request.head);
            oracle::Asked at_origin;
            at_origin.host = "h";
            at_origin.path = as_origin_reads(std::string(canonical.path));
            const auto wanted = oracle::rule_of(spec, at_origin);
            const auto got = matched.rule ? table.view.name(*matched.rule) : "none";
            ASSERT_EQ(got, wanted ? spec.rules[*wanted].name : "none")
                << raw << " went on as " << canonical.path;
        }
    }
    EXPECT_GT(refused, 12u * 20) << "encoded slashes, backslashes, NULs and ..; are refused";
    EXPECT_LT(refused, 12u * all.size() / 2);
}

}  // namespace
}  // namespace sluice::route
