// Three readers of the same bytes: the gate, an oracle written apart from it, and Boost.Beast.
#include <gtest/gtest.h>
#include <random>

#include "proxy/http/path.h"
#include "tests/unit/http/oracle/beast_oracle.h"
#include "tests/unit/http/oracle/compare.h"
#include "tests/unit/http/oracle/strict_oracle.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

constexpr std::string_view kRequest =
    "POST /a/b%7e/../c?q=1 HTTP/1.1\r\nHost: Example.com:8080\r\nUser-Agent: x y\r\nAccept: */*\r\n"
    "Content-Length: 12\r\nX-Forwarded-For: 1.2.3.4\r\nExpect: 100-continue\r\n\r\n";
constexpr std::string_view kChunkedRequest =
    "PUT http://[::1]:80/x HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nTE: "
    "trailers\r\n\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 200 All right\r\nServer: s\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n";

// What a random edit puts in: bytes and words that mean something to some parser.
constexpr std::string_view kPieces[] = {
    "\r\n",
    "\n",
    "\r",
    " ",
    "\t",
    ":",
    ",",
    ";",
    "_",
    "-",
    ".",
    "..",
    "/",
    "//",
    "/./",
    "/../",
    "%2e",
    "%2F",
    "%",
    "%00",
    "\\",
    "?",
    "#",
    "*",
    "[",
    "]",
    "@",
    "0",
    "1",
    "9",
    "+1",
    "00",
    "a",
    "Z",
    "\x7f",
    "\x80",
    "\xff",
    "HTTP/1.0",
    "HTTP/1.1",
    "HTTP/1.2",
    "http://",
    "https://",
    "GET",
    "get",
    "OPTIONS",
    "CONNECT",
    "Host: a\r\n",
    "Host: ",
    "Content-Length: 5\r\n",
    "Content-Length: ",
    "Transfer-Encoding: chunked\r\n",
    "chunked",
    "gzip",
    "Transfer-Encoding: ",
    "Expect: 100-continue\r\n",
    "Connection: close\r\n",
    "X: y\r\n",
    "X_Y: z\r\n",
    " fold\r\n",
    "\r\n\r\n",
    "200",
    "99",
    "600",
};

std::string edited(std::string_view text, std::mt19937& random) {
    std::string out(text);
    const size_t edits = 1 + random() % 3;
    for (size_t i = 0; i < edits; ++i) {
        const size_t at = random() % (out.size() + 1);
        const std::string_view piece = kPieces[random() % std::size(kPieces)];
        switch (random() % 4) {
            case 0:
                out.insert(at, piece);
                break;
            case 1:
                out.replace(at, std::min(piece.size(), out.size() - at), piece);
                break;
            case 2:
                out.erase(at, random() % 4);
                break;
            default:
                if (at < out.size()) out[at] = static_cast<char>(random());
        }
    }
    return out;
}

TEST(Differential, UneditedHeadsAreReadAlike) {
    EXPECT_EQ(oracle::compare_request(kRequest), "");
    EXPECT_EQ(oracle::compare_request(kChunkedRequest), "");
    EXPECT_EQ(oracle::compare_response(kResponse), "");
    EXPECT_EQ(RequestResult(kRequest).state, Parse::complete);
    EXPECT_EQ(RequestResult(kChunkedRequest).state, Parse::complete);
}

TEST(Differential, EditedRequestsAreReadAlike) {
    std::mt19937 random(20250101);
    size_t accepted = 0;
    for (int i = 0; i < 12000; ++i) {
        const std::string text = edited(i % 2 == 0 ? kRequest : kChunkedRequest, random);
        ASSERT_EQ(oracle::compare_request(text), "") << text;
        if (RequestResult(text).state == Parse::complete) ++accepted;
    }
    EXPECT_GT(accepted, 1200u) << "the edits must leave enough that is lawful";
    EXPECT_LT(accepted, 10800u);
}

TEST(Differential, EditedResponsesAreReadAlike) {
    std::mt19937 random(20250102);
    size_t accepted = 0;
    for (int i = 0; i < 8000; ++i) {
        const std::string text = edited(kResponse, random);
        ASSERT_EQ(oracle::compare_response(text), "") << text;
        if (ResponseResult(text).state == Parse::complete) ++accepted;
    }
    EXPECT_GT(accepted, 800u);
    EXPECT_LT(accepted, 7200u);
}

TEST(Differential, RandomPathsHaveOneCanonicalForm) {
    constexpr std::string_view kParts[] = {
        "/",
        "/",
        ".",
        "..",
        "a",
        "b;",
        ";",
        "%2e",
        "%2E",
        "%2f",
        "%41",
        "%3b",
        "%e4",
        "%",
        "~",
        "\\",
        "long-segment-of-a-path"
    };
    std::mt19937 random(20250103);
    auto scratch = std::make_unique<Scratch>();
    for (int i = 0; i < 20000; ++i) {
        std::string raw = "/";
        for (size_t parts = random() % 12; parts > 0; --parts)
            raw += kParts[random() % std::size(kParts)];
        scratch->reset();
        const CanonicalPath ours = canonical_path(Alone(raw).view(), *scratch);
        const std::optional<std::string> theirs = oracle::canonical(raw);
        ASSERT_EQ(ours.reason == Reason::ok, theirs.has_value()) << raw;
        if (!theirs) continue;
        ASSERT_EQ(ours.changed, *theirs != raw) << raw;
        if (ours.changed) {
            ASSERT_EQ(ours.path, *theirs) << raw;
        }
    }
}

// Boost 1.74: lifting the limit refuses every length instead. Whoever uses Beast's parsers here
// (the admin servers) sets the largest integer.
TEST(Beast, LiftingTheBodyLimitRefusesEveryLength) {
    EXPECT_FALSE(oracle::beast_without_limit_takes_length());
    EXPECT_TRUE(
        oracle::beast_reads_request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")
            .accepted
    );
}

// Why the gate does not stand on Beast alone: shapes that Beast reads as a request without a body,
// or merges.
TEST(Beast, AcceptsWhatTheGateRefuses) {
    for (const std::string_view lines : {
             "Transfer-Encoding: xchunked\r\n",
             "Transfer-Encoding: chunked, identity\r\n",
             "Content-Length: 1\r\nContent-Length: 1\r\n",
             "Host: b\r\n",
             "X: y\r\n folded\r\n",
         }) {
        EXPECT_TRUE(oracle::beast_reads_request(get_with(lines)).accepted) << lines;
        EXPECT_EQ(RequestResult(get_with(lines)).state, Parse::refused) << lines;
    }
}

}  // namespace
}  // namespace sluice::http
