// The gate over request lines: method, target in its four forms, version.
#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

struct LineCase {
    std::string_view line;
    Reason reason;
};

void expect_lines(std::initializer_list<LineCase> cases, std::string_view host = "a") {
    for (const auto& [line, reason] : cases) {
        SCOPED_TRACE(line);
        const RequestResult result(
            std::string(line) + "\r\nHost: " + std::string(host) + "\r\n\r\n"
        );
        EXPECT_EQ(result.reason, reason);
        EXPECT_EQ(result.state, reason == Reason::ok ? Parse::complete : Parse::refused);
    }
}

TEST(RequestLine, WhatAnOrdinaryGetSays) {
    const RequestResult result(
        "GET /a/b?x=1&y HTTP/1.1\r\nHost: Example.com:8080\r\nAccept: */*\r\n\r\nrest"
    );
    ASSERT_EQ(result.state, Parse::complete);
    EXPECT_EQ(result->method, "GET");
    EXPECT_EQ(result->target, "/a/b?x=1&y");
    EXPECT_EQ(result->path, "/a/b");
    EXPECT_EQ(result->query, "x=1&y");
    EXPECT_TRUE(result->has_query);
    EXPECT_TRUE(result->target_is_canonical);
    EXPECT_EQ(result->authority, "Example.com:8080");
    EXPECT_EQ(result->host, "example.com");
    EXPECT_EQ(result->minor, 1);
    EXPECT_EQ(result->body.kind, Framing::none);
    EXPECT_TRUE(result->keep_alive);
    EXPECT_FALSE(result->expects_continue);
    EXPECT_FALSE(result->wants_upgrade);
    EXPECT_FALSE(result->is_head);
    EXPECT_TRUE(result->is_idempotent);
    EXPECT_EQ(result->fields.size(), 2u);
    EXPECT_EQ(value_of(result->fields, "accept"), "*/*");
    EXPECT_EQ(result->size, result.bytes.view().size() - 4);
}

TEST(RequestLine, Methods) {
    expect_lines({
        {"GET / HTTP/1.1", Reason::ok},
        {"PATCH / HTTP/1.1", Reason::ok},
        {"PROPFIND / HTTP/1.1", Reason::ok},
        {"M-SEARCH / HTTP/1.1", Reason::ok},
        {"purge / HTTP/1.1", Reason::ok},
        {"A!#$%&'*+-.^_`|~9 / HTTP/1.1", Reason::ok},
        {"get / HTTP/1.1", Reason::bad_method},
        {"Get / HTTP/1.1", Reason::bad_method},
        {"pOST / HTTP/1.1", Reason::bad_method},
        {"options * HTTP/1.1", Reason::bad_method},
        {"connect a:1 HTTP/1.1", Reason::bad_method},
        {"GE(T / HTTP/1.1", Reason::bad_method},
        {"G\tET / HTTP/1.1", Reason::bad_method},
        {"GET\t/ HTTP/1.1", Reason::bad_method},
        {"G\x80T / HTTP/1.1", Reason::bad_method},
        {"\"GET\" / HTTP/1.1", Reason::bad_method},
        {" GET / HTTP/1.1", Reason::bad_method},
        {"GET: / HTTP/1.1", Reason::bad_method},
        {"\x16\x03\x01\x02", Reason::bad_method},
    });
}

TEST(RequestLine, IdempotenceAndHead) {
    const auto flags = [](std::string_view method) {
        const RequestResult result(std::string(method) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(result.state, Parse::complete) << method;
        return std::pair(result->is_idempotent, result->is_head);
    };
    for (const std::string_view method : {"GET", "PUT", "DELETE", "OPTIONS", "TRACE"}) {
        EXPECT_EQ(flags(method), std::pair(true, false)) << method;
    }
    for (const std::string_view method : {"POST", "PATCH", "PURGE", "HEADER"}) {
        EXPECT_EQ(flags(method), std::pair(false, false)) << method;
    }
    EXPECT_EQ(flags("HEAD"), std::pair(true, true));
}

TEST(RequestLine, Connect) {
    expect_lines({
        {"CONNECT a:443 HTTP/1.1", Reason::connect_unsupported},
        {"CONNECT / HTTP/1.1", Reason::connect_unsupported},
        {"CONNECT a:443 HTTP/1.0", Reason::connect_unsupported},
    });
}

TEST(RequestLine, TargetBytes) {
    expect_lines({
        {"GET /!\"$&'()*+,-.:;<=>@[]^_`{|}~ HTTP/1.1", Reason::ok},
        {"GET /?\\%zz//../ HTTP/1.1", Reason::ok},
        {"GET /a#b HTTP/1.1", Reason::bad_target},
        {"GET /a?b#c HTTP/1.1", Reason::bad_target},
        {"GET /a\tb HTTP/1.1", Reason::bad_target},
        {"GET /a\x01"
         "b HTTP/1.1",
         Reason::bad_target},
        {"GET /a\x7f HTTP/1.1", Reason::bad_target},
        {"GET /\xc3\xa4 HTTP/1.1", Reason::bad_target},
        {"GET /0123456789abcdef0123456789abcdef\xff HTTP/1.1", Reason::bad_target},
        {"GET /0123456789abcdef0123456789abcdef?#f HTTP/1.1", Reason::bad_target},
        {std::string_view("GET /a\0b HTTP/1.1", 17), Reason::bad_target},
        {"GET  / HTTP/1.1", Reason::bad_target},
        {"GET  HTTP/1.1", Reason::bad_target},
        {"GET /a b HTTP/1.1", Reason::bad_request_line},
    });
}

TEST(RequestLine, TargetForms) {
    expect_lines({
        {"OPTIONS * HTTP/1.1", Reason::ok},
        {"GET * HTTP/1.1", Reason::bad_target},
        {"POST * HTTP/1.1", Reason::bad_target},
        {"OPTIONS *a HTTP/1.1", Reason::bad_target},
        {"OPTIONS */ HTTP/1.1", Reason::bad_target},
        {"GET a HTTP/1.1", Reason::bad_target},
        {"GET ?a HTTP/1.1", Reason::bad_target},
        {"GET a:80 HTTP/1.1", Reason::bad_target},
        {"GET http:/a/ HTTP/1.1", Reason::bad_target},
        {"GET http:// HTTP/1.1", Reason::bad_target},
        {"GET http:///a HTTP/1.1", Reason::bad_target},
        {"GET http://?a HTTP/1.1", Reason::bad_target},
        {"GET ftp://a/ HTTP/1.1", Reason::bad_target},
        {"GET file:///etc/passwd HTTP/1.1", Reason::bad_target},
        {"GET javascript:1 HTTP/1.1", Reason::bad_target},
        {"GET \\a HTTP/1.1", Reason::bad_target},
        {"GET /a\\b HTTP/1.1", Reason::bad_path},
        {"GET /../a HTTP/1.1", Reason::bad_path},
        {"GET /a%2fb HTTP/1.1", Reason::bad_path},
    });
}

TEST(RequestLine, AbsoluteFormMustAgreeWithHost) {
    expect_lines({
        {"GET http://a/ HTTP/1.1", Reason::ok},
        {"GET HTTPS://A/x HTTP/1.1", Reason::ok},
        {"GET http://b/ HTTP/1.1", Reason::host_mismatch},
        {"GET http://a:80/ HTTP/1.1", Reason::host_mismatch},
        {"GET http://a@b/ HTTP/1.1", Reason::host_mismatch},
        {"GET http://a./ HTTP/1.1", Reason::host_mismatch},
        {"GET http://aa/ HTTP/1.1", Reason::host_mismatch},
        {"GET http://a/../b HTTP/1.1", Reason::bad_path},
    });
    expect_lines({{"GET http://u@b/ HTTP/1.1", Reason::bad_host}}, "u@b");
}

TEST(RequestLine, AbsoluteFormGivesPathAndQuery) {
    const RequestResult full("GET http://A:81/x//y?q HTTP/1.1\r\nHost: a:81\r\n\r\n");
    ASSERT_EQ(full.state, Parse::complete);
    EXPECT_EQ(full->path, "/x/y");
    EXPECT_EQ(full->query, "q");
    EXPECT_FALSE(full->target_is_canonical);
    EXPECT_EQ(full->host, "a");
    const RequestResult bare("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(bare.state, Parse::complete);
    EXPECT_EQ(bare->path, "/");
    const RequestResult query("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(query.state, Parse::complete);
    EXPECT_EQ(query->path, "/");
    EXPECT_EQ(query->query, "x");
    const RequestResult server("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(server.state, Parse::complete);
    EXPECT_EQ(server->path, "*");
    EXPECT_FALSE(server->target_is_canonical);
    const RequestResult old("GET http://b.c/x HTTP/1.0\r\n\r\n");
    ASSERT_EQ(old.state, Parse::complete);
    EXPECT_EQ(old->host, "b.c");
    EXPECT_EQ(old->authority, "b.c");
}

TEST(RequestLine, PathIsCanonicalWhateverTheTargetSays) {
    const RequestResult changed("GET /a/%2e%2E/b%7e//c?%2e%2e HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(changed.state, Parse::complete);
    EXPECT_EQ(changed->path, "/b~/c");
    EXPECT_EQ(changed->query, "%2e%2e");
    EXPECT_FALSE(changed->target_is_canonical);
    const RequestResult same("GET /a%20b?/../ HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(same.state, Parse::complete);
    EXPECT_EQ(same->path, "/a%20b");
    EXPECT_TRUE(same->target_is_canonical);
    const RequestResult empty_query("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(empty_query.state, Parse::complete);
    EXPECT_TRUE(empty_query->has_query);
    EXPECT_EQ(empty_query->query, "");
    const RequestResult two("GET /a?b?c HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(two.state, Parse::complete);
    EXPECT_EQ(two->query, "b?c");
}

// The wide scan looks at 16 bytes at once: each thing it looks for, at each place of a block.
TEST(RequestLine, ScanFindsEverythingAtEveryPlace) {
    for (size_t at = 0; at < 40; ++at) {
        const std::string before = "/" + std::string(at, 'x');
        for (const size_t after : {0, 1, 20}) {
            const std::string behind(after, 'y');
            const auto parse = [&](std::string_view mark) {
                return RequestResult(
                    "GET " + before + std::string(mark) + behind + " HTTP/1.1\r\nHost: a\r\n\r\n"
                );
            };
            const RequestResult query = parse("?");
            ASSERT_EQ(query.state, Parse::complete);
            EXPECT_EQ(query->path, before);
            EXPECT_EQ(query->query, behind);
            const RequestResult doubled = parse("/./");
            ASSERT_EQ(doubled.state, Parse::complete);
            EXPECT_FALSE(doubled->target_is_canonical);
            EXPECT_EQ(doubled->path, at == 0 ? "/" + behind : before + "/" + behind);
            const RequestResult late = parse("?//%2e%");
            ASSERT_EQ(late.state, Parse::complete);
            EXPECT_TRUE(late->target_is_canonical);
            EXPECT_EQ(parse("%41")->path, before + "A" + behind);
            EXPECT_EQ(parse("\\").reason, Reason::bad_path);
            EXPECT_EQ(parse("#").reason, Reason::bad_target);
            EXPECT_EQ(parse("\x1f").reason, Reason::bad_target);
            EXPECT_EQ(parse("\x80").reason, Reason::bad_target);
        }
    }
}

TEST(RequestLine, Versions) {
    expect_lines({
        {"GET / HTTP/1.1", Reason::ok},
        {"GET / HTTP/1.0", Reason::ok},
        {"GET / HTTP/1.2", Reason::bad_version},
        {"GET / HTTP/2.0", Reason::bad_version},
        {"GET / HTTP/0.9", Reason::bad_version},
        {"GET / HTTP/1.", Reason::bad_version},
        {"GET / HTTP/1", Reason::bad_version},
        {"GET / HTTP/11", Reason::bad_version},
        {"GET / HTTP/1.10", Reason::bad_version},
        {"GET / HTTP/1.1 ", Reason::bad_version},
        {"GET / HTTP/1.1\t", Reason::bad_version},
        {"GET / HTTP/1.1\x0b", Reason::bad_version},
        {"GET / HTTP/1.+", Reason::bad_version},
        {"GET / HTTP/ 1.1", Reason::bad_version},
        {"GET / http/1.1", Reason::bad_request_line},
        {"GET / HTTPS/1.1", Reason::bad_request_line},
        {"GET / SIP/2.0", Reason::bad_request_line},
        {"GET /  HTTP/1.1", Reason::bad_request_line},
        {"GET / x HTTP/1.1", Reason::bad_request_line},
        {"GET /", Reason::bad_request_line},
        {"GET / ", Reason::bad_request_line},
        {"GET", Reason::bad_request_line},
        {"", Reason::bad_request_line},
        {"PRI * HTTP/2.0", Reason::bad_version},
    });
}

TEST(RequestLine, LineEnds) {
    for (const auto& [bytes, reason] : std::initializer_list<LineCase>{
             {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_request_line},
             {"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Reason::bad_request_line},
             {"GET / HTTP/1.1\nHost: a\r\n\r\n", Reason::bad_line_end},
             {"GET / HTTP/1.1\rHost: a\r\n\r\n", Reason::bad_line_end},
             {"GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", Reason::bad_line_end},
             {"GET /\n", Reason::bad_request_line},
         }) {
        const RequestResult result(bytes);
        EXPECT_EQ(result.reason, reason) << bytes;
    }
}

}  // namespace
}  // namespace sluice::http
