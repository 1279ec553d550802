// Request and response smuggling, by class. Each text is one that at least one well-known server or
// parser has read in two ways; the gate refuses every one of them and says why.
#include <gtest/gtest.h>
#include <set>

#include "proxy/http/body.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

using std::string_view_literals::operator""sv;

struct Shape {
    std::string_view kind;   // class of the attack
    std::string_view lines;  // fields behind the request line and Host
    Reason reason;
};

constexpr Shape kShapes[] = {
    // Two framings: one side reads the length, the other the chunks.
    {"CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", Reason::framing_conflict},
    {"CL.TE", "content-length: 0\r\ntransfer-encoding: chunked\r\n", Reason::framing_conflict},
    {"CL.TE",
     "Content-Length: 6\r\nX: y\r\nTransfer-Encoding: chunked\r\n",
     Reason::framing_conflict},
    {"TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", Reason::framing_conflict},
    {"TE.CL",
     "Transfer-Encoding: chunked\r\nContent-Length: 4\r\nContent-Length: 4\r\n",
     Reason::framing_conflict},
    {"TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: abc\r\n", Reason::framing_conflict},
    // Two lengths.
    {"CL.CL", "Content-Length: 6\r\nContent-Length: 5\r\n", Reason::bad_content_length},
    {"CL.CL", "Content-Length: 6\r\nContent-Length: 6\r\n", Reason::bad_content_length},
    {"CL.CL", "Content-Length: 6, 6\r\n", Reason::bad_content_length},
    {"CL.CL", "Content-Length: 0, 6\r\n", Reason::bad_content_length},
    // A length that readers take for different numbers.
    {"CL spelling", "Content-Length: +6\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: 06\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: 0x6\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: 6abc\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: 6 6\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: 1_0\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: \"6\"\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: '6'\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length:\r\n", Reason::bad_content_length},
    {"CL spelling", "Content-Length: \xd9\xa6\r\n", Reason::bad_content_length},
    {"CL overflow", "Content-Length: 18446744073709551622\r\n", Reason::body_too_large},
    {"CL overflow",
     "Content-Length: 4294967302\r\nContent-Length: 6\r\n",
     Reason::bad_content_length},
    // A coding that one side knows and the other ignores.
    {"TE.TE", "Transfer-Encoding: xchunked\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: chunkedx\r\n", Reason::bad_transfer_encoding},
    {"TE.TE",
     "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
     Reason::bad_transfer_encoding},
    {"TE.TE",
     "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
     Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: identity, chunked\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: chunked, identity\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: identity\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: gzip, chunked\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: ,chunked\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: chunked ,\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: \"chunked\"\r\n", Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: chunked;a=b\r\n", Reason::bad_transfer_encoding},
    {"TE.TE",
     "Transfer-Encoding: \x0b"
     "chunked\r\n",
     Reason::bad_field_value},
    {"TE.TE",
     "Transfer-Encoding: \xa0"
     "chunked\r\n",
     Reason::bad_transfer_encoding},
    {"TE.TE",
     "Transfer-Encoding: chunked\x85"
     "\r\n",
     Reason::bad_transfer_encoding},
    {"TE.TE", "Transfer-Encoding: cow\r\nContent-Length: 5\r\n", Reason::bad_transfer_encoding},
    // A name that is only nearly the name.
    {"name blank", "Transfer-Encoding : chunked\r\n", Reason::bad_field_name},
    {"name blank", "Transfer-Encoding\t: chunked\r\n", Reason::bad_field_name},
    {"name blank", "Content-Length : 6\r\n", Reason::bad_field_name},
    {"name blank", "X Transfer-Encoding: chunked\r\n", Reason::bad_field_name},
    {"name alias", "Transfer_Encoding: chunked\r\n", Reason::bad_field_name},
    {"name alias", "Content_Length: 6\r\n", Reason::bad_field_name},
    {"name alias", "X_Forwarded_For: 127.0.0.1\r\n", Reason::bad_field_name},
    {"name bytes", "Transfer-Encoding\0: chunked\r\n"sv, Reason::bad_field_name},
    {"name bytes", "\x0bTransfer-Encoding: chunked\r\n", Reason::bad_field_name},
    {"name bytes", "Transfer-Encoding\x0b: chunked\r\n", Reason::bad_field_name},
    {"name bytes", "\"Transfer-Encoding\": chunked\r\n", Reason::bad_field_name},
    {"name bytes",
     "Transfer\xad"
     "Encoding: chunked\r\n",
     Reason::bad_field_name},
    {"no colon", "Transfer-Encoding\r\n", Reason::bad_field_name},
    {"no colon", "Transfer-Encoding chunked\r\n", Reason::bad_field_name},
    // Lines that fold into each other.
    {"folding", "Transfer-Encoding:\r\n chunked\r\n", Reason::bad_transfer_encoding},
    {"folding", "X: y\r\n Transfer-Encoding: chunked\r\n", Reason::folded_field},
    {"folding", "X: y\r\n\tContent-Length: 6\r\n", Reason::folded_field},
    {"folding", "Content-Length: 1\r\n 0\r\n", Reason::folded_field},
    // Line ends that only some accept.
    {"bare LF", "X: y\nTransfer-Encoding: chunked\r\n", Reason::bad_line_end},
    {"bare LF", "X: y\n\nGET /admin HTTP/1.1\r\n", Reason::bad_line_end},
    {"bare LF", "Content-Length: 6\nX: y\r\n", Reason::bad_line_end},
    {"bare LF", "X: y\r\n\nGET /admin HTTP/1.1\r\n", Reason::bad_line_end},
    {"bare CR", "X: y\rTransfer-Encoding: chunked\r\n", Reason::bad_line_end},
    {"bare CR", "X: y\r\rGET /admin HTTP/1.1\r\n", Reason::bad_line_end},
    {"bare CR", "\rTransfer-Encoding: chunked\r\n", Reason::bad_line_end},
    {"bare CR", "X: y\r\n\rGET /admin HTTP/1.1\r\n", Reason::bad_line_end},
    {"NUL", "X: y\0z\r\n"sv, Reason::bad_field_value},
    {"NUL", "Content-Length: 6\0\r\n"sv, Reason::bad_field_value},
    {"NUL", "Transfer-Encoding: chunked\0\r\n"sv, Reason::bad_field_value},
    // Two hosts.
    {"host", "Host: b\r\n", Reason::host_repeated},
    {"host", "Host: a\r\n", Reason::host_repeated},
    {"host", "HOST:\tb\r\n", Reason::host_repeated},
    {"host", "Host : b\r\n", Reason::bad_field_name},
    // Waiting for a 100 that never comes moves bytes to the next request.
    {"expect", "Expect: 100-continue, x\r\n", Reason::bad_expectation},
    {"expect", "Expect: y 100-continue\r\n", Reason::bad_expectation},
    {"expect", "Expect: x\r\nContent-Length: 6\r\n", Reason::bad_expectation},
};

TEST(Smuggling, EveryShapeIsRefusedWithItsReason) {
    std::set<std::string_view> texts;
    for (const auto& [kind, lines, reason] : kShapes) {
        SCOPED_TRACE(std::string(kind) + ": " + std::string(lines));
        EXPECT_TRUE(texts.insert(lines).second) << "twice in the list";
        const RequestResult result(
            "POST /x HTTP/1.1\r\nHost: a\r\n" + std::string(lines) +
            "\r\n0\r\n\r\nGET /admin HTTP/1.1\r\n"
        );
        EXPECT_EQ(result.state, Parse::refused);
        EXPECT_EQ(result.reason, reason);
    }
    EXPECT_GE(texts.size(), 60u);
}

TEST(Smuggling, NothingHidesInFrontOfARequest) {
    for (const std::string_view start : std::initializer_list<std::string_view>{
             "\r\nGET / HTTP/1.1\r\n",
             "\nGET / HTTP/1.1\r\n",
             "\0GET / HTTP/1.1\r\n"sv,
             " GET / HTTP/1.1\r\n",
             "\xef\xbb\xbfGET / HTTP/1.1\r\n",
             "GET /x HTTP/1.1 HTTP/1.1\r\n",
             "GET /x HTTP/1.1\r\n Host: b\r\n",
             "GET /x\x0bHTTP/1.1\r\n",
             "GET /x\xa0HTTP/1.1\r\n",
             "GET /x HTTP/1.1\x00\r\n"sv,
             "GET /x HTTP/1.1;a\r\n",
             "GET\r/x HTTP/1.1\r\n",
             "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
         }) {
        const RequestResult result(std::string(start) + "Host: a\r\n\r\n");
        EXPECT_EQ(result.state, Parse::refused) << start;
    }
}

TEST(Smuggling, ResponsesMayNotSplitEither) {
    for (const std::string_view lines : std::initializer_list<std::string_view>{
             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
             "Content-Length: 5\r\nContent-Length: 6\r\n",
             "Content-Length: 5\r\nContent-Length: 5\r\n",
             "Transfer-Encoding: chunked, chunked\r\n",
             "Transfer-Encoding: xchunked\r\n",
             "Transfer-Encoding : chunked\r\n",
             "X: y\n\nHTTP/1.1 200 OK\r\n",
             "X: y\rHTTP/1.1 200 OK\r\n",
             "X: y\r\n Content-Length: 5\r\n",
             "Content-Length: 5\0\r\n"sv,
             "Content_Length: 5\r\n",
         }) {
        EXPECT_EQ(ResponseResult(ok_with(lines)).state, Parse::refused) << lines;
        EXPECT_EQ(ResponseResult(ok_with(lines), true).state, Parse::refused) << lines;
    }
}

// Chunks that one side reads longer than the other.
TEST(Smuggling, ChunkShapes) {
    for (const std::string_view body : std::initializer_list<std::string_view>{
             "0x5\r\nhello\r\n0\r\n\r\n",
             "5 \r\nhello\r\n0\r\n\r\n",
             "\t5\r\nhello\r\n0\r\n\r\n",
             "+5\r\nhello\r\n0\r\n\r\n",
             "-1\r\nhello\r\n0\r\n\r\n",
             "5\nhello\r\n0\r\n\r\n",
             "5\rhello\r\n0\r\n\r\n",
             "5\r\nhello\n0\r\n\r\n",
             "5\r\nhello0\r\n\r\n",
             "5\r\nhellox\r\n0\r\n\r\n",
             "5;a\nb\r\nhello\r\n0\r\n\r\n",
             "5;a\rb\r\nhello\r\n0\r\n\r\n",
             "5\0\r\nhello\r\n0\r\n\r\n"sv,
             "5;\0\r\nhello\r\n0\r\n\r\n"sv,
             "10000000000000005\r\nhello\r\n0\r\n\r\n",
             ";a\r\nhello\r\n0\r\n\r\n",
             "\r\n5\r\nhello\r\n0\r\n\r\n",
             "5\r\nhello\r\n0\n\r\n",
             "5\r\nhello\r\n0\r\n\n",
             "5\r\nhello\r\n0\r\nX: y\n\r\n",
             "5\r\nhello\r\n0\r\nX : y\r\n\r\n",
             "5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n",
             "5\r\nhello\r\n0\r\nX: \0\r\n\r\n"sv,
             "5\r\nhello\r\n0\r\nGET /admin HTTP/1.1\r\n\r\n",
         }) {
        BodyScanner scanner;
        scanner.start({.kind = Framing::chunked});
        std::string_view rest = body;
        BodyScanner::Step step;
        do {
            step = scanner.next(rest);
            rest.remove_prefix(step.consumed);
        } while (step.reason == Reason::ok && step.consumed != 0);
        EXPECT_NE(step.reason, Reason::ok) << body;
        EXPECT_FALSE(scanner.ended()) << body;
    }
}

}  // namespace
}  // namespace sluice::http
