// Canonical paths: every spelling has one outcome, and the outcome is its own canonical form.
#include "proxy/http/path.h"

#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

struct PathCase {
    std::string_view raw;
    std::string_view canonical;  // "" = refused
};

constexpr PathCase kPlain[] = {
    {"/", "/"},
    {"/a", "/a"},
    {"/a/", "/a/"},
    {"/a/b/c", "/a/b/c"},
    {"/a.b", "/a.b"},
    {"/a..b", "/a..b"},
    {"/a./b", "/a./b"},
    {"/a../b", "/a../b"},
    {"/...", "/..."},
    {"/.../a", "/.../a"},
    {"/.a", "/.a"},
    {"/..a", "/..a"},
    {"/.well-known/x", "/.well-known/x"},
    {"/a;b", "/a;b"},
    {"/a;b=c/d", "/a;b=c/d"},
    {"/a;/b", "/a;/b"},
    {"/...;a", "/...;a"},
    {"/~user", "/~user"},
    {"/a-b_c~d", "/a-b_c~d"},
    {"/a+b", "/a+b"},
    {"/a:b@c", "/a:b@c"},
    {"/a!$&'()*,=", "/a!$&'()*,="},
    {"/a|b^c`d{e}\"<>", "/a|b^c`d{e}\"<>"},
    {"/v1/chat/completions", "/v1/chat/completions"},
    {"/v2/models/llama-3.1-8b/infer", "/v2/models/llama-3.1-8b/infer"},
    {"/0123456789abcdef", "/0123456789abcdef"},
    {"/0123456789abcdef0123456789abcdef", "/0123456789abcdef0123456789abcdef"},
};

constexpr PathCase kSlashesAndDots[] = {
    {"//", "/"},
    {"///", "/"},
    {"//a", "/a"},
    {"/a//b", "/a/b"},
    {"/a///b", "/a/b"},
    {"/a//", "/a/"},
    {"/a////", "/a/"},
    {"/.", "/"},
    {"/./", "/"},
    {"/././.", "/"},
    {"/./a", "/a"},
    {"/a/.", "/a/"},
    {"/a/./", "/a/"},
    {"/a/./b", "/a/b"},
    {"/a/..", "/"},
    {"/a/../", "/"},
    {"/a/../b", "/b"},
    {"/a/b/..", "/a/"},
    {"/a/b/../", "/a/"},
    {"/a/b/../c", "/a/c"},
    {"/a/b/../../c", "/c"},
    {"/a/b/c/../../d/./e", "/a/d/e"},
    {"/a//../b", "/b"},
    {"/a/.//../b", "/b"},
    {"//a/../b", "/b"},
    {"/a/..//b", "/b"},
    {"/a/../b/../c", "/c"},
    {"/a/./../b", "/b"},
    {"/0123456789abcde/../x", "/x"},
    {"/0123456789abcd//x", "/0123456789abcd/x"},
    {"/0123456789abcde//x", "/0123456789abcde/x"},
    {"/0123456789abcdef//x", "/0123456789abcdef/x"},
    {"/0123456789abcde/./x", "/0123456789abcde/x"},
    {"/..", ""},
    {"/../", ""},
    {"/../a", ""},
    {"/./..", ""},
    {"//..", ""},
    {"/a/../..", ""},
    {"/a/../../b", ""},
    {"/a/b/../../../c", ""},
    {"/a/../../a/b", ""},
    {"/.//../a", ""},
    {"/../../../../etc/passwd", ""},
};

constexpr PathCase kEscapes[] = {
    {"/%61", "/a"},
    {"/%41", "/A"},
    {"/%7a%5A", "/zZ"},
    {"/%30%39", "/09"},
    {"/%2D%2d%2E", "/--."},
    {"/%5F%5f%7E%7e", "/__~~"},
    {"/a%20b", "/a%20b"},
    {"/a%3ab", "/a%3Ab"},
    {"/a%3Ab", "/a%3Ab"},
    {"/%e4%bd%a0", "/%E4%BD%A0"},
    {"/%E4%BD%A0", "/%E4%BD%A0"},
    {"/%fF%Ff", "/%FF%FF"},
    {"/%25", "/%25"},
    {"/%2525", "/%2525"},
    {"/%252e%252e", "/%252e%252e"},
    {"/%252F", "/%252F"},
    {"/%3F", "/%3F"},
    {"/%3f", "/%3F"},
    {"/%23", "/%23"},
    {"/a%3Bb", "/a%3Bb"},
    {"/%2e", "/"},
    {"/%2E/a", "/a"},
    {"/a/%2e/b", "/a/b"},
    {"/a/%2e%2e", "/"},
    {"/a/%2e%2e/b", "/b"},
    {"/a/%2E%2E/b", "/b"},
    {"/a/.%2e/b", "/b"},
    {"/a/%2e./b", "/b"},
    {"/a/%2e%2e%2e", "/a/..."},
    {"/%c0%ae", "/%C0%AE"},
    {"/%80", "/%80"},
    {"/%21%22", "/%21%22"},
    {"/%2e%2e", ""},
    {"/%2e%2e/", ""},
    {"/.%2e", ""},
    {"/%2e.", ""},
    {"/%2e%2e/%2e%2e/etc", ""},
    {"/a/%2e%2e/%2e%2e", ""},
    {"/%2f", ""},
    {"/%2F", ""},
    {"/a%2fb", ""},
    {"/a%2Fb", ""},
    {"/..%2f", ""},
    {"/..%2F..%2Fetc", ""},
    {"/a/..%2f..%2fb", ""},
    {"/%5c", ""},
    {"/%5C", ""},
    {"/a%5cb", ""},
    {"/..%5c", ""},
    {"/%00", ""},
    {"/a%00", ""},
    {"/a%00.png", ""},
    {"/%01", ""},
    {"/%09", ""},
    {"/%0a", ""},
    {"/%0d%0aX: y", ""},
    {"/%0D", ""},
    {"/%1f", ""},
    {"/%7f", ""},
    {"/%7F", ""},
    {"/%", ""},
    {"/a%", ""},
    {"/%4", ""},
    {"/%zz", ""},
    {"/%4g", ""},
    {"/%g4", ""},
    {"/%%41", ""},
    {"/%u0041", ""},
    {"/%-1", ""},
    {"/% 41", ""},
};

constexpr PathCase kForbidden[] = {
    {"", ""},           {"a", ""},           {"*", ""},         {"a/b", ""},
    {"\\", ""},         {"/\\", ""},         {"/a\\b", ""},     {"/..\\", ""},
    {"/\\..\\a", ""},   {"/..;", ""},        {"/..;/", ""},     {"/..;/a", ""},
    {"/a/..;/b", ""},   {"/a/..;x=y/b", ""}, {"/a/.;/b", ""},   {"/.;", ""},
    {"/.;a", ""},       {"/%2e%2e;/a", ""},  {"/a/%2e;/b", ""}, {"/a/..%3b/b", ""},
    {"/a/..%3B/b", ""}, {"/a/.%3b", ""},     {"/a b", ""},      {"/a\tb", ""},
    {"/a\rb", ""},      {"/a\nb", ""},       {"/a?b", ""},      {"/a#b", ""},
    {"/\x7f", ""},      {"/\x80", ""},       {"/\xe4", ""},     {"/0123456789abcdef/\xe4", ""},
};

void expect_case(std::string_view raw, std::string_view wanted) {
    SCOPED_TRACE(raw);
    auto scratch = std::make_unique<Scratch>();
    const Alone text(raw);
    const CanonicalPath result = canonical_path(text.view(), *scratch);
    EXPECT_EQ(result.reason, wanted.empty() ? Reason::bad_path : Reason::ok);
    if (result.reason != Reason::ok) return;
    EXPECT_EQ(result.path, wanted);
    EXPECT_EQ(result.changed, raw != wanted);
    if (!result.changed) {
        EXPECT_EQ(result.path.data(), text.view().data()) << "copied needlessly";
    }
    const CanonicalPath again = canonical_path(result.path, *scratch);
    EXPECT_EQ(again.reason, Reason::ok);
    EXPECT_FALSE(again.changed);
    EXPECT_EQ(again.path, wanted);
}

template <size_t Count>
void expect_cases(const PathCase (&cases)[Count]) {
    for (const PathCase& each : cases) expect_case(each.raw, each.canonical);
}

TEST(CanonicalPath, LeavesPlainPathsAlone) {
    expect_cases(kPlain);
}
TEST(CanonicalPath, MergesSlashesAndResolvesDots) {
    expect_cases(kSlashesAndDots);
}
TEST(CanonicalPath, DecodesUnreservedAndKeepsTheRest) {
    expect_cases(kEscapes);
}
TEST(CanonicalPath, RefusesWhatOthersReadDifferently) {
    expect_cases(kForbidden);
}

TEST(CanonicalPath, TheTableIsLongEnough) {
    EXPECT_GE(
        std::size(kPlain) + std::size(kSlashesAndDots) + std::size(kEscapes) +
            std::size(kForbidden),
        120u
    );
}

TEST(CanonicalPath, EveryEscapedByteHasOneOutcome) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    constexpr std::string_view kUnreserved =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (int byte = 0; byte < 256; ++byte) {
        const std::string escape = {'%', kHex[byte / 16], kHex[byte % 16]};
        const auto c = static_cast<char>(byte);
        const bool refused = byte < 0x20 || byte == 0x7f || c == '/' || c == '\\';
        const bool decoded = kUnreserved.find(c) != std::string_view::npos;
        const std::string wanted = refused ? "" : "/x" + (decoded ? std::string(1, c) : escape);
        expect_case("/x" + escape, wanted);
    }
}

TEST(CanonicalPath, SegmentsUpToTheLimit) {
    const auto path_of = [](size_t segments, std::string_view segment) {
        std::string path;
        for (size_t i = 0; i < segments; ++i) path += segment;
        return path;
    };
    for (const std::string_view segment : {"/a", "/bcd"}) {
        const std::string fits = path_of(limits::kPathSegments, segment);
        expect_case(fits, fits);
        expect_case(path_of(limits::kPathSegments + 1, segment), "");
    }
    // The limit is on what is left after dots and slashes.
    const std::string base = path_of(limits::kPathSegments, "/a");
    expect_case(base + "/b/..", "");  // ends in a slash: one segment more
    expect_case("/" + base, base);
    expect_case("/b/.." + base, base);
    expect_case(path_of(limits::kPathSegments + 1, "/%61"), "");
}

TEST(CanonicalPath, LongTraversalsAreCheap) {
    std::string path;
    for (int i = 0; i < 1000; ++i) path += "/a/../";
    expect_case(path, "/");
}

TEST(CanonicalPath, FullScratchIsARefusal) {
    auto scratch = std::make_unique<Scratch>();
    ASSERT_NE(scratch->take(24 * 1024 - 2), nullptr);
    EXPECT_EQ(canonical_path("/a/./b", *scratch).reason, Reason::head_too_large);
    EXPECT_EQ(canonical_path("/a/b", *scratch).reason, Reason::ok);
}

}  // namespace
}  // namespace sluice::http
