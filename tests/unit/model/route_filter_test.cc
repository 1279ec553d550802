// Tests the filters of a ModelRoute rule: unions, header edits, new paths, redirects.
#include "tests/unit/model/decoding.h"

namespace sluice::model {
namespace {

std::string with_filter(const std::string& filter) {
    return R"({"apiVersion":"sluice.dev/v1alpha1","kind":"ModelRoute","metadata":{"name":"chat"},
               "spec":{"rules":[{"filters":[)" +
           filter + "]}]}}";
}
std::string with_header_set(const std::string& headers) {
    return with_filter(
        R"({"type":"RequestHeaderModifier","requestHeaderModifier":{"set":)" + headers + "}}"
    );
}
std::string with_rewrite_path(const std::string& path) {
    return with_filter(R"({"type":"URLRewrite","urlRewrite":{"path":)" + path + "}}");
}
std::string with_redirect(const std::string& redirect) {
    return with_filter(R"({"type":"RequestRedirect","requestRedirect":)" + redirect + "}");
}

TEST(RouteFilter, AFilterHasExactlyTheMemberThatItsTypeNames) {
    const std::string at = "spec.rules[0].filters[0].";
    EXPECT_EQ(
        problems_of(with_filter(R"({"type":"URLRewrite"})")),
        Problems{at + "urlRewrite: is required: type is URLRewrite"}
    );
    EXPECT_EQ(
        problems_of(with_filter(R"({"type":"URLRewrite","urlRewrite":{},"requestRedirect":{}})")),
        Problems{at + "requestRedirect: must be left out: type is URLRewrite"}
    );
    EXPECT_EQ(
        problems_of(with_filter(R"({"type":"URLRewrite","urlRewrite":{},"requestRedirect":null})")),
        Problems{}
    );
    EXPECT_EQ(problems_of(with_filter(R"({"urlRewrite":{}})")), Problems{at + "type: is required"});
    EXPECT_EQ(problems_of(with_filter(R"({"type":"URLrewrite","urlRewrite":{}})")).size(), 1u);
    EXPECT_EQ(
        problems_of(with_filter(R"({"type":"ResponseHeaderModifier","requestHeaderModifier":{}})"))
            .size(),
        2u
    );
}

TEST(RouteFilter, HeaderEdits) {
    EXPECT_EQ(
        problems_of(with_header_set(R"([{"name":"Transfer-Encoding","value":"x"}])")),
        Problems{"spec.rules[0].filters[0].requestHeaderModifier.set[0].name: "
                 "\"Transfer-Encoding\" frames the "
                 "message: Sluice writes it itself from the body that it relays; leave it out"}
    );
    EXPECT_EQ(
        problems_of(with_header_set(R"([{"name":"a","value":"1"},{"name":"A","value":"2"}])")),
        Problems{"spec.rules[0].filters[0].requestHeaderModifier.set[1]: \"A\" stands twice in "
                 "this list: keep one"}
    );
    EXPECT_EQ(problems_of(with_header_set(R"([{"name":"a","value":"x\r\ny: z"}])")).size(), 1u);
    EXPECT_EQ(problems_of(with_header_set(R"([{"name":"a"}])")).size(), 1u);
    EXPECT_EQ(
        problems_of(with_filter(
                        R"({"type":"ResponseHeaderModifier",
                    "responseHeaderModifier":{"remove":["connection","a b","x"]}})"
                    ))
            .size(),
        2u
    );
}

TEST(RouteFilter, NewPaths) {
    EXPECT_EQ(
        problems_of(with_rewrite_path(R"({"type":"ReplaceFullPath","replaceFullPath":"/a"})")),
        Problems{}
    );
    EXPECT_EQ(
        problems_of(with_rewrite_path(R"({"type":"ReplaceFullPath","replacePrefixMatch":"/a"})"))
            .size(),
        2u
    );
    for (const char* bad : {"", "a", "/a?b", "/a#b", "/a b", "/a\\nb", "/a//b", "/../a"}) {
        EXPECT_EQ(
            problems_of(with_rewrite_path(
                            R"({"type":"ReplaceFullPath","replaceFullPath":")" + std::string(bad) +
                            "\"}"
                        ))
                .size(),
            1u
        ) << bad;
    }
    EXPECT_EQ(
        problems_of(with_rewrite_path(R"({"type":"ReplacePrefixMatch","replacePrefixMatch":"a"})"))
            .size(),
        1u
    );
}

TEST(RouteFilter, Redirects) {
    for (const char* status : {"301", "302", "303", "307", "308"}) {
        EXPECT_EQ(
            problems_of(with_redirect(R"({"statusCode":)" + std::string(status) + "}")), Problems{}
        );
    }
    EXPECT_EQ(
        problems_of(with_redirect(R"({"statusCode":304})")),
        Problems{"spec.rules[0].filters[0].requestRedirect.statusCode: 304 is not a redirect: use "
                 "301, 302, 303, "
                 "307 or 308"}
    );
    EXPECT_EQ(problems_of(with_redirect(R"({"scheme":"ftp"})")).size(), 1u);
    EXPECT_EQ(problems_of(with_redirect(R"({"hostname":"*.a.com"})")).size(), 1u);
    EXPECT_EQ(problems_of(with_redirect(R"({"port":0})")).size(), 1u);
    EXPECT_EQ(problems_of(with_redirect(R"({"port":65535})")), Problems{});
}

}  // namespace
}  // namespace sluice::model
