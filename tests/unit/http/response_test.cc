// The gate over responses: status line, fields, framing by status and method, reuse.
#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

struct Case {
    std::string_view text;
    Reason reason;
};

void expect_lines(std::initializer_list<Case> cases) {
    for (const auto& [lines, reason] : cases) {
        SCOPED_TRACE(lines);
        const ResponseResult result(ok_with(lines));
        EXPECT_EQ(result.reason, reason);
        EXPECT_EQ(result.state, reason == Reason::ok ? Parse::complete : Parse::refused);
    }
}

TEST(Response, WhatAnOrdinaryAnswerSays) {
    const ResponseResult result("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nX: y\r\n\r\nabc");
    ASSERT_EQ(result.state, Parse::complete);
    EXPECT_EQ(result->status, 404);
    EXPECT_EQ(result->phrase, "Not Found");
    EXPECT_EQ(result->minor, 1);
    EXPECT_EQ(result->body.kind, Framing::length);
    EXPECT_EQ(result->body.length, 3u);
    EXPECT_TRUE(result->keep_alive);
    EXPECT_FALSE(result->interim());
    EXPECT_EQ(result->fields.size(), 2u);
    EXPECT_EQ(result->size, result.bytes.view().size() - 3);
}

TEST(Response, StatusLines) {
    for (const auto& [line, reason] : std::initializer_list<Case>{
             {"HTTP/1.1 200 OK", Reason::ok},
             {"HTTP/1.0 200 OK", Reason::ok},
             {"HTTP/1.1 200 ", Reason::ok},
             {"HTTP/1.1 100 Continue", Reason::ok},
             {"HTTP/1.1 599 x", Reason::ok},
             {"HTTP/1.1 200 a\tb \x80\xff", Reason::ok},
             {"HTTP/1.1 200  two blanks", Reason::ok},
             {"HTTP/1.1 200", Reason::bad_status_line},
             {"HTTP/1.1 099 x", Reason::bad_status_line},
             {"HTTP/1.1 000 x", Reason::bad_status_line},
             {"HTTP/1.1 600 x", Reason::bad_status_line},
             {"HTTP/1.1 999 x", Reason::bad_status_line},
             {"HTTP/1.1 20 OK", Reason::bad_status_line},
             {"HTTP/1.1 2000 OK", Reason::bad_status_line},
             {"HTTP/1.1 2x0 OK", Reason::bad_status_line},
             {"HTTP/1.1 +20 OK", Reason::bad_status_line},
             {"HTTP/1.1  200 OK", Reason::bad_status_line},
             {"HTTP/1.1\t200 OK", Reason::bad_status_line},
             {"HTTP/1.1 200\tOK", Reason::bad_status_line},
             {"HTTP/1.1", Reason::bad_status_line},
             {"HTTP/1.1 ", Reason::bad_status_line},
             {"HTTP/1.1 200 O\x01K", Reason::bad_status_line},
             {"HTTP/1.1 200 O\x7fK", Reason::bad_status_line},
             {std::string_view("HTTP/1.1 200 O\0K", 16), Reason::bad_status_line},
             {"HTTP/1.2 200 OK", Reason::bad_version},
             {"HTTP/2 200 OK", Reason::bad_version},
             {"HTTP/2.0 200 OK", Reason::bad_version},
             {"HTTP/0.9 200 OK", Reason::bad_version},
             {"http/1.1 200 OK", Reason::bad_status_line},
             {"ICY 200 OK", Reason::bad_status_line},
             {"SSH-2.0-OpenSSH_9.2", Reason::bad_status_line},
             {"<html>", Reason::bad_status_line},
             {" HTTP/1.1 200 OK", Reason::bad_status_line},
             {"", Reason::bad_status_line},
             {"HTTP/1.1 200 OK\r", Reason::bad_line_end},
             {"HTTP/1.1 200 OK\nX: y", Reason::bad_line_end},
             {"HTTP/1.1 200 OK\rX: y", Reason::bad_line_end},
         }) {
        SCOPED_TRACE(line);
        const ResponseResult result(std::string(line) + "\r\n\r\n");
        EXPECT_EQ(result.reason, reason);
        EXPECT_EQ(result.state, reason == Reason::ok ? Parse::complete : Parse::refused);
    }
}

TEST(Response, FieldsFollowTheRulesOfRequests) {
    expect_lines({
        {"X: a\r\n", Reason::ok},
        {"Host: a\r\nHost: b\r\n", Reason::ok},  // means nothing in a response
        {"Expect: x\r\n", Reason::ok},
        {"X_Y: a\r\n", Reason::bad_field_name},
        {"X : a\r\n", Reason::bad_field_name},
        {": a\r\n", Reason::bad_field_name},
        {"X\r\n", Reason::bad_field_name},
        {"X: a\x01\r\n", Reason::bad_field_value},
        {"X: a\x7f\r\n", Reason::bad_field_value},
        {"X: a\nSet-Cookie: b\r\n", Reason::bad_line_end},
        {"X: a\rSet-Cookie: b\r\n", Reason::bad_line_end},
        {"X: a\r\n b\r\n", Reason::folded_field},
        {" X: a\r\n", Reason::folded_field},
    });
}

TEST(Response, Framing) {
    expect_lines({
        {"Content-Length: 1\r\nContent-Length: 1\r\n", Reason::bad_content_length},
        {"Content-Length: 1, 1\r\n", Reason::bad_content_length},
        {"Content-Length: -1\r\n", Reason::bad_content_length},
        {"Content-Length: 1099511627777\r\n", Reason::body_too_large},
        {"Transfer-Encoding: gzip, chunked\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: identity\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
         Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", Reason::framing_conflict},
        {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", Reason::framing_conflict},
    });
    EXPECT_EQ(ResponseResult(ok_with(""))->body.kind, Framing::until_close);
    EXPECT_EQ(ResponseResult(ok_with("Content-Length: 0\r\n"))->body.kind, Framing::length);
    EXPECT_EQ(
        ResponseResult(ok_with("Transfer-Encoding: Chunked\r\n"))->body.kind, Framing::chunked
    );
    EXPECT_EQ(
        ResponseResult("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").reason,
        Reason::bad_transfer_encoding
    );
}

TEST(Response, StatusesAndMethodsWithoutBody) {
    for (const std::string_view status : {"100", "101", "103", "199", "204", "304"}) {
        for (const std::string_view lines :
             {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
            const ResponseResult result(
                "HTTP/1.1 " + std::string(status) + " x\r\n" + std::string(lines) + "\r\n"
            );
            ASSERT_EQ(result.state, Parse::complete);
            EXPECT_EQ(result->body.kind, Framing::none) << status << lines;
        }
    }
    for (const std::string_view lines :
         {"", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"}) {
        const ResponseResult result(ok_with(lines), true);
        ASSERT_EQ(result.state, Parse::complete);
        EXPECT_EQ(result->body.kind, Framing::none) << lines;
        EXPECT_TRUE(result->keep_alive) << lines;
    }
    for (const std::string_view status : {"200", "205", "302", "404", "500"}) {
        const ResponseResult result(
            "HTTP/1.1 " + std::string(status) + " x\r\nContent-Length: 5\r\n\r\n"
        );
        EXPECT_EQ(result->body.kind, Framing::length) << status;
    }
    // The rules of syntax hold all the same.
    EXPECT_EQ(
        ResponseResult("HTTP/1.1 204 x\r\nContent-Length: x\r\n\r\n").reason,
        Reason::bad_content_length
    );
    EXPECT_EQ(
        ResponseResult(ok_with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), true).reason,
        Reason::framing_conflict
    );
}

TEST(Response, Reuse) {
    const auto keeps = [](std::string_view head) {
        const ResponseResult result(std::string(head) + "\r\n\r\n");
        EXPECT_EQ(result.state, Parse::complete) << head;
        return result->keep_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0"));
    EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK"));  // ends with the connection
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close"));
    EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, CLOSE"));
    EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0"));
    EXPECT_TRUE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive"));
    EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive"));
    EXPECT_TRUE(keeps("HTTP/1.1 204 No Content"));
    EXPECT_TRUE(keeps("HTTP/1.1 304 Not Modified\r\nContent-Length: 9"));
    EXPECT_TRUE(keeps("HTTP/1.1 100 Continue"));
    EXPECT_FALSE(keeps("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade"));
    // Whoever announces chunks where none may come might send them.
    EXPECT_FALSE(keeps("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked"));
    EXPECT_FALSE(keeps("HTTP/1.1 204 No Content\r\nContent-Length: 5"));
    EXPECT_TRUE(keeps("HTTP/1.1 204 No Content\r\nContent-Length: 0"));
}

TEST(Response, NothingIsLeftOfTheHeadBefore) {
    auto head = std::make_unique<ResponseHead>();
    size_t scanned = 0;
    ASSERT_EQ(
        parse_response("HTTP/1.0 404 No\r\nX: y\r\n\r\n", scanned, false, *head).state,
        Parse::complete
    );
    scanned = 0;
    ASSERT_EQ(
        parse_response("HTTP/1.1 204 \r\n\r\n", scanned, false, *head).state, Parse::complete
    );
    EXPECT_EQ(head->status, 204);
    EXPECT_EQ(head->phrase, "");
    EXPECT_EQ(head->minor, 1);
    EXPECT_EQ(head->body.kind, Framing::none);
    EXPECT_TRUE(head->keep_alive);
    EXPECT_EQ(head->fields.size(), 0u);
}

}  // namespace
}  // namespace sluice::http
