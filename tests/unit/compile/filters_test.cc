// Filters: the specs they become, what contradicts itself, and bounds.
#include "controller/compile/filters.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::compile {
namespace {

using model::FilterType;
using table::EditKind;
using table::RewriteKind;
using Filters = std::vector<model::RouteFilter>;

model::RouteFilter rewrite(std::string hostname, std::optional<model::PathModifier> path = {}) {
    model::RouteFilter out{.type = FilterType::url_rewrite};
    out.url_rewrite = model::UrlRewrite{std::move(hostname), std::move(path)};
    return out;
}

model::RouteFilter redirect(model::RequestRedirect what) {
    model::RouteFilter out{.type = FilterType::request_redirect};
    out.request_redirect = std::move(what);
    return out;
}

model::RouteFilter edits(
    model::HeaderModifier what, FilterType type = FilterType::request_header_modifier
) {
    model::RouteFilter out{.type = type};
    (type == FilterType::request_header_modifier ? out.request_header_modifier
                                                 : out.response_header_modifier) = std::move(what);
    return out;
}

model::PathModifier full(std::string text) {
    return {.replace_full_path = std::move(text)};
}
model::PathModifier prefix(std::string text) {
    return {.replace_prefix_match = std::move(text)};
}

table::RuleSpec spec_of(const Filters& filters) {
    table::RuleSpec spec{};
    const auto done = set_filters(spec, filters, "r");
    EXPECT_TRUE(done) << done.error().message;
    return spec;
}

std::string refusal(const Filters& filters) {
    table::RuleSpec spec{};
    const auto done = set_filters(spec, filters, "r");
    if (done) return "taken";
    return done.error().field + " " + std::string(reason_text(done.error().reason));
}

TEST(Filters, EditsKeepTheirOrder) {
    model::HeaderModifier modifier;
    modifier.set = {{"X-Set", "1"}};
    modifier.add = {{"X-Add", "2"}};
    modifier.remove = {"X-Remove"};
    model::HeaderModifier second;
    second.set = {{"X-Set", "3"}};
    const table::RuleSpec spec = spec_of(
        {edits(modifier), edits(second), edits(modifier, FilterType::response_header_modifier)}
    );
    ASSERT_EQ(spec.request_edits.size(), 4u);
    EXPECT_EQ(spec.request_edits[0].kind, EditKind::set);
    EXPECT_EQ(spec.request_edits[0].name, "x-set");
    EXPECT_EQ(spec.request_edits[1].kind, EditKind::add);
    EXPECT_EQ(spec.request_edits[2].kind, EditKind::remove);
    EXPECT_EQ(spec.request_edits[2].value, "");
    EXPECT_EQ(spec.request_edits[3].value, "3");
    EXPECT_EQ(spec.response_edits.size(), 3u);
}

TEST(Filters, EditsAreChecked) {
    const auto set = [](std::string name, std::string value) {
        model::HeaderModifier modifier;
        modifier.set = {{std::move(name), std::move(value)}};
        return refusal({edits(modifier)});
    };
    EXPECT_EQ(set("X", "ok"), "taken");
    for (const char* name :
         {"", "a b", "a\r\n", "Content-Length", "transfer-encoding", "Host", "Connection"}) {
        EXPECT_EQ(set(name, "1"), "r.filters[0].requestHeaderModifier.set[0] invalid_field")
            << name;
    }
    for (const std::string& value :
         {std::string("a\r\nX: y"), std::string("a\0", 2), std::string(" a")}) {
        EXPECT_EQ(set("X", value), "r.filters[0].requestHeaderModifier.set[0] invalid_field");
    }
    EXPECT_EQ(
        set(std::string(limits::kFieldNameBytes, 'a'), std::string(limits::kFieldValueBytes, 'a')),
        "taken"
    );
    EXPECT_NE(set(std::string(limits::kFieldNameBytes + 1, 'a'), "a"), "taken");
    EXPECT_NE(set("a", std::string(limits::kFieldValueBytes + 1, 'a')), "taken");
    model::HeaderModifier bad_removal;
    bad_removal.remove = {"x", "a b"};
    EXPECT_EQ(
        refusal({edits(bad_removal)}), "r.filters[0].requestHeaderModifier.remove[1] invalid_field"
    );
}

TEST(Filters, HoldTheLimitOfEdits) {
    model::HeaderModifier modifier;
    for (size_t i = 0; i < limits::kEditsPerRule - 1; ++i) modifier.add.push_back({"a", "b"});
    model::HeaderModifier last;
    last.remove = {"c"};
    EXPECT_EQ(
        refusal({edits(modifier), edits(last, FilterType::response_header_modifier)}), "taken"
    );
    EXPECT_EQ(refusal({edits(modifier), edits(last), edits(last)}), "r.filters too_many_objects");
}

TEST(Filters, RewritesPathAndHost) {
    table::RuleSpec spec = spec_of({rewrite("Internal.Example.com", prefix("/new/"))});
    EXPECT_EQ(spec.rewrite_host, "internal.example.com");
    EXPECT_EQ(spec.rewrite_kind, RewriteKind::prefix);
    EXPECT_EQ(spec.rewrite_path, "/new");
    EXPECT_TRUE(needs_prefix(spec));
    spec = spec_of({rewrite("", full("/new/"))});
    EXPECT_EQ(spec.rewrite_kind, RewriteKind::full);
    EXPECT_EQ(spec.rewrite_path, "/new/");
    EXPECT_FALSE(needs_prefix(spec));
    for (const char* nothing : {"", "/"}) {
        spec = spec_of({rewrite("", prefix(nothing))});
        EXPECT_EQ(spec.rewrite_kind, RewriteKind::prefix);
        EXPECT_EQ(spec.rewrite_path, "");
    }
}

TEST(Filters, NewPathsAreCanonical) {
    for (const char* path : {"new", "/a//b", "/a/../b", "/a?b", "/a#b", "/a%2fb", "/a\r\nb"}) {
        EXPECT_EQ(
            refusal({rewrite("", full(path))}),
            "r.filters[0].urlRewrite.path.replaceFullPath invalid_field"
        ) << path;
        EXPECT_EQ(
            refusal({rewrite("", prefix(path))}),
            "r.filters[0].urlRewrite.path.replacePrefixMatch invalid_field"
        ) << path;
    }
    EXPECT_NE(refusal({rewrite("", full(""))}), "taken");
    EXPECT_NE(refusal({rewrite("", model::PathModifier{})}), "taken");
    EXPECT_NE(refusal({rewrite("", model::PathModifier{"/a", "/b"})}), "taken");
}

TEST(Filters, HostsAreNamesOfOneHost) {
    for (const char* host : {"*.example.com", "a b", "a:80", "10.0.0.1", "a\r\n", "-a"}) {
        EXPECT_EQ(refusal({rewrite(host)}), "r.filters[0].urlRewrite.hostname invalid_field")
            << host;
        EXPECT_EQ(
            refusal({redirect({.hostname = host})}),
            "r.filters[0].requestRedirect.hostname invalid_field"
        ) << host;
    }
}

TEST(Filters, RedirectsKeepWhatIsNotGiven) {
    const table::RuleSpec spec = spec_of({redirect({})});
    ASSERT_TRUE(spec.redirect);
    EXPECT_EQ(spec.redirect->status, 302);
    EXPECT_EQ(spec.redirect->scheme, "");
    EXPECT_EQ(spec.redirect->host, "");
    EXPECT_EQ(spec.redirect->port, 0);
    EXPECT_EQ(spec.redirect->path_kind, RewriteKind::none);
}

TEST(Filters, RedirectsWithEverything) {
    const table::RuleSpec spec = spec_of({redirect(
        {.scheme = "https",
         .hostname = "B.example.com",
         .port = 65535,
         .status_code = 308,
         .path = prefix("/x/")}
    )});
    ASSERT_TRUE(spec.redirect);
    EXPECT_EQ(spec.redirect->status, 308);
    EXPECT_EQ(spec.redirect->scheme, "https");
    EXPECT_EQ(spec.redirect->host, "b.example.com");
    EXPECT_EQ(spec.redirect->port, 65535);
    EXPECT_EQ(spec.redirect->path, "/x");
    EXPECT_TRUE(needs_prefix(spec));
}

TEST(Filters, RedirectsAreChecked) {
    for (const int32_t status : {0, 200, 300, 304, 306, 309, 65838, -1}) {
        EXPECT_EQ(
            refusal({redirect({.status_code = status})}),
            "r.filters[0].requestRedirect.statusCode invalid_field"
        );
    }
    for (const char* scheme : {"ftp", "HTTP", "https:"}) {
        EXPECT_EQ(
            refusal({redirect({.scheme = scheme})}),
            "r.filters[0].requestRedirect.scheme invalid_field"
        );
    }
    for (const int32_t port : {0, -1, 65536}) {
        EXPECT_EQ(
            refusal({redirect({.port = port})}), "r.filters[0].requestRedirect.port invalid_field"
        );
    }
}

TEST(Filters, ContradictionsAreRefused) {
    EXPECT_EQ(refusal({rewrite("a.b"), rewrite("c.d")}), "r.filters[1].urlRewrite invalid_field");
    EXPECT_EQ(
        refusal({rewrite("", full("/a")), rewrite("c.d")}), "r.filters[1].urlRewrite invalid_field"
    );
    EXPECT_EQ(refusal({redirect({}), redirect({})}), "r.filters[1].requestRedirect invalid_field");
    EXPECT_EQ(refusal({redirect({}), rewrite("a.b")}), "r.filters invalid_field");
    EXPECT_EQ(refusal({rewrite("", full("/a")), redirect({})}), "r.filters invalid_field");
}

TEST(Filters, TypeWithoutItsMemberIsRefused) {
    for (const auto type :
         {FilterType::request_header_modifier,
          FilterType::response_header_modifier,
          FilterType::url_rewrite,
          FilterType::request_redirect,
          static_cast<FilterType>(77)}) {
        EXPECT_EQ(refusal({model::RouteFilter{.type = type}}), "r.filters[0] invalid_field");
    }
}

}  // namespace
}  // namespace sluice::compile
