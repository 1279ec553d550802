// Request heads and bodies as the simulator reads them: what it takes, what it refuses, in any
// split.
#include "modelsim/http.h"

#include <gtest/gtest.h>

namespace sluice::modelsim {
namespace {

bool parses(std::string_view head) {
    Request request;
    return parse_head(head, request);
}

TEST(HttpHead, ReadsWhatMatters) {
    Request request;
    ASSERT_TRUE(parse_head(
        "POST /v1/x?y=1 HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  12 \r\nExpect: 100-Continue\r\n"
        "X-Sim-Fault: slow:3\r\n\r\n",
        request
    ));
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/v1/x");
    EXPECT_EQ(request.content_length, 12U);
    EXPECT_EQ(request.fault, "slow:3");
    EXPECT_TRUE(request.expects_continue);
    EXPECT_TRUE(request.keep_alive);
    EXPECT_TRUE(request.has_body());
}

TEST(HttpHead, ClosesWhenToldAndForOldClients) {
    Request request;
    ASSERT_TRUE(parse_head("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", request));
    EXPECT_FALSE(request.keep_alive);
    ASSERT_TRUE(parse_head("GET / HTTP/1.0\r\n\r\n", request));
    EXPECT_FALSE(request.keep_alive);
    EXPECT_TRUE(request.http_1_0);
}

TEST(HttpHead, RefusesWhatAGatewayMustNotSend) {
    const std::string line = "GET / HTTP/1.1\r\n";
    EXPECT_TRUE(parses(line + "Host: a\r\n\r\n"));
    EXPECT_FALSE(parses(line + "\r\n")) << "no Host";
    EXPECT_FALSE(parses(line + "Host: a\r\nHost: a\r\n\r\n")) << "two Hosts";
    EXPECT_FALSE(parses(line + "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
    );
    EXPECT_FALSE(parses(line + "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"));
    EXPECT_FALSE(parses(line + "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"));
    EXPECT_FALSE(parses(line + "Host: a\r\nContent-Length: +1\r\n\r\n"));
    EXPECT_FALSE(parses(line + "Host: a\r\nContent-Length: 99999999999999999999\r\n\r\n"));
    EXPECT_FALSE(parses(line + "Host: a\r\n folded: x\r\n\r\n"));
    EXPECT_FALSE(parses(line + "Host : a\r\n\r\n"));
    EXPECT_FALSE(parses(line + "Host: a\nX: b\r\n\r\n")) << "bare LF";
    EXPECT_FALSE(parses("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(parses("GET a HTTP/1.1\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(parses("GET / HTTP/2.0\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(parses("GET /\r\nHost: a\r\n\r\n"));
    EXPECT_FALSE(parses("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

TEST(HttpHead, EndIsPastTheEmptyLine) {
    EXPECT_EQ(head_end("a\r\n\r\nb"), 5U);
    EXPECT_EQ(head_end("a\r\n\r"), std::string_view::npos);
}

struct BodyRun {
    std::string kept;
    std::string rest;
    bool ended;
    bool bad;
};

BodyRun run_body(std::string_view head, std::string_view bytes, size_t piece) {
    Request request;
    EXPECT_TRUE(parse_head(head, request));
    BodyReader reader;
    reader.start(request);
    BodyRun run;
    std::string waiting;
    for (size_t at = 0; at < bytes.size(); at += piece) {
        waiting += bytes.substr(at, piece);
        waiting.erase(0, reader.feed(waiting, &run.kept));
    }
    run.rest = waiting;
    run.ended = reader.ended();
    run.bad = reader.bad();
    EXPECT_EQ(reader.received(), run.kept.size());
    return run;
}

TEST(HttpBody, LengthAndChunksComeOutTheSameInAnySplit) {
    const std::string_view counted = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    const std::string_view chunked =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (size_t piece = 1; piece < 12; ++piece) {
        const BodyRun a = run_body(counted, "helloNEXT", piece);
        EXPECT_EQ(a.kept, "hello");
        EXPECT_EQ(a.rest, "NEXT");
        EXPECT_TRUE(a.ended);
        const BodyRun b =
            run_body(chunked, "2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nT: v\r\n\r\nNEXT", piece);
        EXPECT_EQ(b.kept, "hello");
        EXPECT_EQ(b.rest, "NEXT");
        EXPECT_TRUE(b.ended);
    }
}

TEST(HttpBody, BadChunksAreSeen) {
    const std::string_view chunked =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_TRUE(run_body(chunked, "2\r\nheX\r\n", 1).bad);
    EXPECT_TRUE(run_body(chunked, "g\r\n", 1).bad);
    EXPECT_TRUE(run_body(chunked, "2\nhe", 1).bad);
    EXPECT_TRUE(run_body(chunked, "\r\n", 1).bad);
    EXPECT_FALSE(run_body(chunked, std::string(4094, '0') + "\r\n\r\n", 1).bad);
    EXPECT_TRUE(run_body(chunked, std::string(4095, '0') + "\r\n\r\n", 1).bad);
}

TEST(HttpAnswer, HeadHasTheLengthAndNoBody) {
    Request request;
    ASSERT_TRUE(parse_head("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", request));
    std::string out;
    append_answer(out, request, {.pod = "p"}, "hello");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(out.ends_with("content-length: 5\r\n\r\n"));
    EXPECT_NE(out.find("x-sim-pod: p\r\n"), std::string::npos);
}

TEST(HttpAnswer, StreamsAreChunkedOrEndWithTheConnection) {
    Request request;
    std::string out;
    ASSERT_TRUE(parse_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n", request));
    append_chunk(out, request, "0123456789abcdef");
    append_chunk(out, request, "");
    append_last_chunk(out, request);
    EXPECT_EQ(out, "10\r\n0123456789abcdef\r\n0\r\n\r\n");
    out.clear();
    ASSERT_TRUE(parse_head("GET / HTTP/1.0\r\n\r\n", request));
    append_chunk(out, request, "abc");
    append_last_chunk(out, request);
    EXPECT_EQ(out, "abc");
}

}  // namespace
}  // namespace sluice::modelsim
