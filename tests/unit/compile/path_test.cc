// Canonical rule paths: what is rewritten, what is refused, and the bounds.
#include "controller/compile/path.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::compile {
namespace {

std::string canonical(std::string_view path) {
    const auto result = canonical_rule_path(path);
    return result ? *result : "refused: " + result.error();
}

bool is_refused(std::string_view path) {
    return !canonical_rule_path(path).has_value();
}

TEST(RulePath, KeepsWhatIsCanonical) {
    for (const char* path :
         {"/",
          "/foo",
          "/foo/",
          "/a/b.c/d-e_f~g",
          "/a;b=c",
          "/a%2Bb",
          "/...",
          "/.hidden",
          "/a..",
          "/:@!$&'()*+,="}) {
        EXPECT_EQ(canonical(path), path);
    }
}

TEST(RulePath, BringsEscapesIntoTheFormOfRequests) {
    EXPECT_EQ(canonical("/%7Euser/%41"), "/~user/A");
    EXPECT_EQ(canonical("/%c3%a9"), "/%C3%A9");
    EXPECT_EQ(canonical("/caf\xc3\xa9"), "/caf%C3%A9");
    EXPECT_EQ(canonical("/a b"), "/a%20b");
    EXPECT_EQ(canonical("/%25"), "/%25");
}

TEST(RulePath, RefusesWhatNoRequestCanHave) {
    for (const char* path :
         {"",       "foo",     "*",         "/a//b",  "//",     "/a/./b",  "/a/..",  "/..",
          "/.",     "/a/../b", "/%2e%2e/x", "/..;/x", "/.;a",   "/..%3bx", "/a%2fb", "/a%2Fb",
          "/a%5cb", "/a\\b",   "/a?b",      "/a#b",   "/a%00b", "/a%0ab",  "/a%7f",  "/a%",
          "/a%2",   "/a%zz",   "/a\nb",     "/a\tb",  "/a\x7f"}) {
        EXPECT_TRUE(is_refused(path)) << path;
    }
    EXPECT_TRUE(is_refused(std::string_view("/a\0b", 4)));
}

TEST(RulePath, NamesTheFault) {
    EXPECT_EQ(canonical("/a//b"), "refused: must not hold '//'");
    EXPECT_EQ(canonical("/a%2fb"), "refused: must not hold an escaped slash or backslash");
    EXPECT_EQ(canonical("/a%"), "refused: holds a '%' that is not followed by two hex digits");
}

TEST(RulePath, HoldsTheLimitOfBytes) {
    const std::string longest = "/" + std::string(limits::kPathBytes - 1, 'a');
    EXPECT_EQ(canonical(longest), longest);
    EXPECT_TRUE(is_refused(longest + "a"));
}

TEST(RulePath, HoldsTheLimitOfBytesAfterEscaping) {
    // 1 + 3 * 341 = 1024
    const std::string fits = "/" + std::string(341, ' ');
    ASSERT_EQ(canonical(fits).size(), limits::kPathBytes);
    EXPECT_TRUE(is_refused(fits + " "));
}

TEST(RulePath, HoldsTheLimitOfSegments) {
    std::string most;
    for (size_t i = 0; i < limits::kPathSegments; ++i) most += "/a";
    EXPECT_EQ(canonical(most), most);
    EXPECT_TRUE(is_refused(most + "/a"));
    EXPECT_TRUE(is_refused(most + "/"));
}

TEST(RulePath, IsIdempotent) {
    for (const char* path : {"/%7Euser/%41", "/caf\xc3\xa9", "/a b/%2b"}) {
        const std::string once = canonical(path);
        EXPECT_EQ(canonical(once), once);
    }
}

TEST(RulePath, BecomesAnElementPrefix) {
    EXPECT_EQ(as_prefix("/"), "");
    EXPECT_EQ(as_prefix("/foo"), "/foo");
    EXPECT_EQ(as_prefix("/foo/"), "/foo");
}

TEST(AiPath, IsAKnownPathOrOneBelowIt) {
    for (const char* path :
         {"/v1/chat/completions",
          "/v1/completions",
          "/v1/embeddings",
          "/v1/models",
          "/v1/models/llama",
          "/v1/responses",
          "/v1/messages",
          "/v2/models",
          "/v2/models/x/infer"}) {
        EXPECT_TRUE(is_ai_path(path)) << path;
    }
    for (const char* path :
         {"/", "/v1", "/v1/chat", "/v1/modelsx", "/v2", "/v1/chat/completionsx", "/V1/models", ""
         }) {
        EXPECT_FALSE(is_ai_path(path)) << path;
    }
}

}  // namespace
}  // namespace sluice::compile
