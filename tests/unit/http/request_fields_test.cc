// The gate over a request's fields: names, values, Host, framing, Connection, Expect.
#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

struct LinesCase {
    std::string_view lines;
    Reason reason;
};

// These lines behind a good request line and Host.
void expect_lines(std::initializer_list<LinesCase> cases) {
    for (const auto& [lines, reason] : cases) {
        SCOPED_TRACE(lines);
        const RequestResult result(get_with(lines));
        EXPECT_EQ(result.reason, reason);
        EXPECT_EQ(result.state, reason == Reason::ok ? Parse::complete : Parse::refused);
    }
}

void expect_hosts(std::initializer_list<std::pair<std::string_view, std::string_view>> cases) {
    for (const auto& [value, host] : cases) {
        SCOPED_TRACE(value);
        const RequestResult result("GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n");
        EXPECT_EQ(result.reason, host.empty() ? Reason::bad_host : Reason::ok);
        if (!host.empty()) {
            EXPECT_EQ(result->host, host);
        }
        if (!host.empty()) {
            EXPECT_EQ(result->authority, value);
        }
    }
}

TEST(RequestFields, Names) {
    expect_lines({
        {"X-Ok: 1\r\n", Reason::ok},
        {"x!#$%&'*+-.^`|~9: 1\r\n", Reason::ok},
        {"0: 1\r\n", Reason::ok},
        {".x: 1\r\n", Reason::ok},
        {"x.y: 1\r\n", Reason::ok},
        {"X-Real-IP.: 1\r\n", Reason::bad_field_name},
        {"x..: 1\r\n", Reason::bad_field_name},
        {".: 1\r\n", Reason::bad_field_name},
        {"X_Bad: 1\r\n", Reason::bad_field_name},
        {"_: 1\r\n", Reason::bad_field_name},
        {"Content_Length: 1\r\n", Reason::bad_field_name},
        {"X-Long-Enough-For-Blocks_: 1\r\n", Reason::bad_field_name},
        {"X Y: 1\r\n", Reason::bad_field_name},
        {"X : 1\r\n", Reason::bad_field_name},
        {"X\t: 1\r\n", Reason::bad_field_name},
        {"Content-Length : 1\r\n", Reason::bad_field_name},
        {": 1\r\n", Reason::bad_field_name},
        {"X\r\n", Reason::bad_field_name},
        {"X\xe4: 1\r\n", Reason::bad_field_name},
        {"X\x01: 1\r\n", Reason::bad_field_name},
        {std::string_view("X\0: 1\r\n", 7), Reason::bad_field_name},
        {"X(y): 1\r\n", Reason::bad_field_name},
        {"X/y: 1\r\n", Reason::bad_field_name},
        {"X@y: 1\r\n", Reason::bad_field_name},
        {"\"X\": 1\r\n", Reason::bad_field_name},
        {"{X}: 1\r\n", Reason::bad_field_name},
        {"GET / HTTP/1.1\r\n", Reason::bad_field_name},
        {"\x7f: 1\r\n", Reason::bad_field_name},
    });
}

TEST(RequestFields, EveryByteOfANameAtEveryPlace) {
    constexpr std::string_view kAllowed =
        "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const size_t at : {0, 1, 14, 15, 16, 17, 31}) {
        for (int byte = 0; byte < 256; ++byte) {
            const auto c = static_cast<char>(byte);
            if (c == ':') continue;
            std::string name(33, 'n');
            name[at] = c;
            const RequestResult result(get_with(name + ": 1\r\n"));
            const bool allowed = kAllowed.find(c) != std::string_view::npos;
            ASSERT_EQ(result.state == Parse::complete, allowed) << at << " " << byte;
        }
    }
}

TEST(RequestFields, Values) {
    expect_lines({
        {"X: a b\tc\r\n", Reason::ok},
        {"X:\r\n", Reason::ok},
        {"X: \t \r\n", Reason::ok},
        {"X: \x80\xff\r\n", Reason::ok},
        {"X: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\r\n", Reason::ok},
        {"X: a\x01\r\n", Reason::bad_field_value},
        {"X: \x0b\r\n", Reason::bad_field_value},
        {"X: a\x1b[0m\r\n", Reason::bad_field_value},
        {"X: a\x7f\r\n", Reason::bad_field_value},
        {std::string_view("X: a\0b\r\n", 8), Reason::bad_field_value},
        {"X: a\nY: b\r\n", Reason::bad_line_end},
        {"X: a\rY: b\r\n", Reason::bad_line_end},
        {"X: a\r\r\n", Reason::bad_line_end},
        {"X: a\n\r\n", Reason::bad_line_end},
        {"X: a\r\n\n", Reason::bad_line_end},
        {"\rX: a\r\n", Reason::bad_line_end},
        {"X\n: a\r\n", Reason::bad_line_end},
    });
}

TEST(RequestFields, EveryByteOfAValueAtEveryPlace) {
    for (size_t at = 0; at < 34; ++at) {
        for (int byte = 0; byte < 256; ++byte) {
            if (byte == '\r' || byte == '\n') continue;
            std::string value(34, 'v');
            value[at] = static_cast<char>(byte);
            const RequestResult result(get_with("X: " + value + "\r\n"));
            const bool allowed = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
            ASSERT_EQ(result.state == Parse::complete, allowed) << at << " " << byte;
        }
    }
}

TEST(RequestFields, BlanksAroundValuesAreNotPartOfThem) {
    const RequestResult result(get_with("A:1\r\nB: 2\r\nC: \t 3 \t\r\nD:\t4 5\t\r\nE: \t\r\n"));
    ASSERT_EQ(result.state, Parse::complete);
    EXPECT_EQ(value_of(result->fields, "a"), "1");
    EXPECT_EQ(value_of(result->fields, "b"), "2");
    EXPECT_EQ(value_of(result->fields, "c"), "3");
    EXPECT_EQ(value_of(result->fields, "d"), "4 5");
    EXPECT_EQ(value_of(result->fields, "e"), "");
}

TEST(RequestFields, Folding) {
    expect_lines({
        {"X: a\r\n b\r\n", Reason::folded_field},
        {"X: a\r\n\tb\r\n", Reason::folded_field},
        {"X:\r\n a\r\n", Reason::folded_field},
        {"X: a\r\n \r\n", Reason::folded_field},
        {"Transfer-Encoding:\r\n chunked\r\n", Reason::bad_transfer_encoding},
    });
    EXPECT_EQ(RequestResult("GET / HTTP/1.1\r\n Host: a\r\n\r\n").reason, Reason::folded_field);
}

TEST(RequestFields, HostCount) {
    EXPECT_EQ(RequestResult("GET / HTTP/1.1\r\n\r\n").reason, Reason::host_missing);
    EXPECT_EQ(RequestResult("GET http://a/ HTTP/1.1\r\n\r\n").reason, Reason::host_missing);
    EXPECT_EQ(RequestResult("GET / HTTP/1.1\r\nX-Host: a\r\n\r\n").reason, Reason::host_missing);
    expect_lines({
        {"Host: a\r\n", Reason::host_repeated},
        {"host: b\r\n", Reason::host_repeated},
        {"HOST:\r\n", Reason::host_repeated},
    });
    const RequestResult old("GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(old.state, Parse::complete);
    EXPECT_EQ(old->host, "");
    EXPECT_EQ(
        RequestResult("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n").reason, Reason::host_repeated
    );
    EXPECT_EQ(RequestResult("GET / HTTP/1.0\r\nHost:\r\n\r\n").reason, Reason::bad_host);
}

TEST(RequestFields, HostSyntax) {
    expect_hosts({
        {"a", "a"},
        {"A", "a"},
        {"a.b.example.COM", "a.b.example.com"},
        {"a.", "a"},
        {"A.B.:80", "a.b"},
        {"a:1", "a"},
        {"a:65535", "a"},
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"my_service", "my_service"},
        {"10.0.0.1:8080", "10.0.0.1"},
        {"[::1]", "[::1]"},
        {"[2001:DB8::A]:443", "[2001:db8::a]"},
        {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]"},
        {"", ""},
        {".", ""},
        {"..", ""},
        {".a", ""},
        {"a..", ""},
        {"a..b", ""},
        {":80", ""},
        {"a:", ""},
        {"a:0", ""},
        {"a:080", ""},
        {"a:65536", ""},
        {"a:123456", ""},
        {"a:8x", ""},
        {"a:+80", ""},
        {"a:80:80", ""},
        {"a b", ""},
        {"a,b", ""},
        {"a, a", ""},
        {"a@b", ""},
        {"u:p@a", ""},
        {"a/b", ""},
        {"a?b", ""},
        {"a#b", ""},
        {"a\\b", ""},
        {"a%2eb", ""},
        {"a\tb", ""},
        {"\xc3\xa4", ""},
        {"http://a", ""},
        {"::1", ""},
        {"[::1", ""},
        {"::1]", ""},
        {"[]", ""},
        {"[a]", ""},
        {"[1.2.3.4]", ""},
        {"[::1]a", ""},
        {"[::1]:", ""},
        {"[::1%25eth0]", ""},
        {"[:::1]", ""},
        {"[v1.a]", ""},
        {"[::1]]", ""},
        {"[12345::]", ""},
        {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]", ""},
    });
}

TEST(RequestFields, ContentLength) {
    expect_lines({
        {"Content-Length: 0\r\n", Reason::ok},
        {"Content-Length: 17\r\n", Reason::ok},
        {"Content-Length:17 \r\n", Reason::ok},
        {"Content-Length:\r\n", Reason::bad_content_length},
        {"Content-Length: +1\r\n", Reason::bad_content_length},
        {"Content-Length: -1\r\n", Reason::bad_content_length},
        {"Content-Length: 01\r\n", Reason::bad_content_length},
        {"Content-Length: 00\r\n", Reason::bad_content_length},
        {"Content-Length: 0x10\r\n", Reason::bad_content_length},
        {"Content-Length: 1 0\r\n", Reason::bad_content_length},
        {"Content-Length: 1, 1\r\n", Reason::bad_content_length},
        {"Content-Length: 1,\r\n", Reason::bad_content_length},
        {"Content-Length: 1.0\r\n", Reason::bad_content_length},
        {"Content-Length: 1e3\r\n", Reason::bad_content_length},
        {"Content-Length: \"1\"\r\n", Reason::bad_content_length},
        {"Content-Length: \xb9\r\n", Reason::bad_content_length},
        {"Content-Length: one\r\n", Reason::bad_content_length},
        {"Content-Length: 1\r\nContent-Length: 1\r\n", Reason::bad_content_length},
        {"Content-Length: 1\r\ncontent-length: 2\r\n", Reason::bad_content_length},
        {"Content-Length: 99999999999999999999999\r\n", Reason::body_too_large},
        {"Content-Length: 18446744073709551617\r\n", Reason::body_too_large},
        {"Content-Length: 9223372036854775808\r\n", Reason::body_too_large},
    });
    const RequestResult zero(get_with("Content-Length: 0\r\n"));
    EXPECT_EQ(zero->body.kind, Framing::length);
    EXPECT_EQ(zero->body.length, 0u);
    EXPECT_EQ(RequestResult(get_with("Content-Length: 4711\r\n"))->body.length, 4711u);
}

TEST(RequestFields, TransferEncoding) {
    expect_lines({
        {"Transfer-Encoding: chunked\r\n", Reason::ok},
        {"transfer-encoding:CHUNKED\r\n", Reason::ok},
        {"Transfer-Encoding:\tchunked \r\n", Reason::ok},
        {"Transfer-Encoding:\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: gzip\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: identity\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: xchunked\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunkedx\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: \"chunked\"\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked, identity\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: gzip, chunked\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked, chunked\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: ,chunked\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked,\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked;q=1\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: \xa0"
         "chunked\r\n",
         Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked\xff\r\n", Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chun\xc5\xbf"
         "ed\r\n",
         Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
         Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
         Reason::bad_transfer_encoding},
        {"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", Reason::framing_conflict},
        {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", Reason::framing_conflict},
        {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", Reason::framing_conflict},
        {"Content-Length: 1\r\nTransfer-Encoding: gzip\r\n", Reason::framing_conflict},
        {"Transfer-Encoding: chunked\r\nContent-Length: x\r\n", Reason::framing_conflict},
    });
    EXPECT_EQ(
        RequestResult(get_with("Transfer-Encoding: chunked\r\n"))->body.kind, Framing::chunked
    );
    EXPECT_EQ(
        RequestResult("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").reason,
        Reason::bad_transfer_encoding
    );
}

TEST(RequestFields, Expect) {
    expect_lines({
        {"Expect: 100-continue\r\n", Reason::ok},
        {"expect: 100-Continue\r\n", Reason::ok},
        {"Expect:\r\n", Reason::bad_expectation},
        {"Expect: 100-continue, x\r\n", Reason::bad_expectation},
        {"Expect: 200-ok\r\n", Reason::bad_expectation},
        {"Expect: 100-continue\r\nExpect: 100-continue\r\n", Reason::bad_expectation},
        {"Expect: y 100-continue\r\n", Reason::bad_expectation},
    });
    const auto expects = [](std::string_view version, std::string_view lines) {
        const RequestResult result(
            "POST / " + std::string(version) + "\r\nHost: a\r\nExpect: 100-continue\r\n" +
            std::string(lines) + "\r\n"
        );
        EXPECT_EQ(result.state, Parse::complete);
        return result->expects_continue;
    };
    EXPECT_TRUE(expects("HTTP/1.1", "Content-Length: 1\r\n"));
    EXPECT_TRUE(expects("HTTP/1.1", "Transfer-Encoding: chunked\r\n"));
    EXPECT_FALSE(expects("HTTP/1.1", ""));
    EXPECT_FALSE(expects("HTTP/1.1", "Content-Length: 0\r\n"));
    EXPECT_FALSE(expects("HTTP/1.0", "Content-Length: 1\r\n"));
}

TEST(RequestFields, KeepAlive) {
    const auto keeps = [](std::string_view version, std::string_view lines) {
        const RequestResult result(
            "GET / " + std::string(version) + "\r\nHost: a\r\n" + std::string(lines) + "\r\n"
        );
        EXPECT_EQ(result.state, Parse::complete);
        return result->keep_alive;
    };
    EXPECT_TRUE(keeps("HTTP/1.1", ""));
    EXPECT_TRUE(keeps("HTTP/1.1", "Connection: keep-alive\r\n"));
    EXPECT_TRUE(keeps("HTTP/1.1", "Connection: closed\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: CLOSE\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: x, ,\tclose ,y\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive, close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", ""));
    EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
    EXPECT_FALSE(keeps("HTTP/1.0", "Proxy-Connection: keep-alive\r\n"));
}

TEST(RequestFields, Upgrade) {
    const auto wants = [](std::string_view version, std::string_view lines) {
        const RequestResult result(
            "GET / " + std::string(version) + "\r\nHost: a\r\n" + std::string(lines) + "\r\n"
        );
        EXPECT_EQ(result.state, Parse::complete);
        return result->wants_upgrade;
    };
    EXPECT_TRUE(wants("HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_TRUE(wants("HTTP/1.1", "Upgrade: h2c\r\nConnection: keep-alive, upgrade\r\n"));
    EXPECT_FALSE(wants("HTTP/1.1", "Upgrade: websocket\r\n"));
    EXPECT_FALSE(wants("HTTP/1.1", "Connection: Upgrade\r\n"));
    EXPECT_FALSE(wants("HTTP/1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
}

TEST(RequestFields, TrailersAccepted) {
    EXPECT_FALSE(RequestResult(get_with(""))->accepts_trailers);
    EXPECT_FALSE(RequestResult(get_with("TE: gzip\r\n"))->accepts_trailers);
    EXPECT_FALSE(RequestResult(get_with("Trailer: x\r\n"))->accepts_trailers);
    EXPECT_TRUE(RequestResult(get_with("TE: trailers\r\n"))->accepts_trailers);
    EXPECT_TRUE(RequestResult(get_with("TE: gzip;q=0.5, Trailers\r\n"))->accepts_trailers);
}

// A head must not remember the one that was parsed into it before.
TEST(RequestFields, NothingIsLeftOfTheHeadBefore) {
    auto scratch = std::make_unique<Scratch>();
    auto head = std::make_unique<RequestHead>();
    const std::string_view first =
        "HEAD //x?q HTTP/1.0\r\nHost: A:1\r\nExpect: 100-continue\r\nTE: trailers\r\n"
        "Content-Length: 3\r\nConnection: close\r\nX-Forwarded-For: 1\r\n\r\n";
    const std::string_view second = "POST /y HTTP/1.1\r\nHost: b\r\n\r\n";
    size_t scanned = 0;
    ASSERT_EQ(parse_request(first, scanned, *scratch, *head).state, Parse::complete);
    scanned = 0;
    ASSERT_EQ(parse_request(second, scanned, *scratch, *head).state, Parse::complete);
    EXPECT_EQ(head->path, "/y");
    EXPECT_FALSE(head->has_query);
    EXPECT_EQ(head->query, "");
    EXPECT_TRUE(head->target_is_canonical);
    EXPECT_EQ(head->body.kind, Framing::none);
    EXPECT_TRUE(head->keep_alive);
    EXPECT_FALSE(head->is_head);
    EXPECT_FALSE(head->is_idempotent);
    EXPECT_FALSE(head->accepts_trailers);
    EXPECT_EQ(head->fields.size(), 1u);
    EXPECT_FALSE(head->fields.may_have(field_set({FieldId::x_forwarded_for})));
}

}  // namespace
}  // namespace sluice::http
