// Hop-by-hop fields, forwarded fields and request ids.
#include "proxy/http/hop.h"

#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

constexpr Peer kPeer{.address = "192.0.2.7", .scheme = "https", .port = 8443};

TEST(Hop, WithoutAnyNothingHappens) {
    const RequestResult result(get_with("Accept: x\r\nX: y\r\n"));
    EXPECT_EQ(strip_hop_by_hop(result->fields), Reason::ok);
    EXPECT_EQ(value_of(result->fields, "accept"), "x");
    EXPECT_EQ(value_of(result->fields, "x"), "y");
    EXPECT_EQ(value_of(result->fields, "host"), "a");
}

TEST(Hop, TheUsualOnesGoWithoutBeingNamed) {
    const RequestResult result(
        get_with("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: "
                 "keep-alive\r\nTE: trailers\r\n"
                 "Upgrade: h2c\r\nProxy-Authorization: x\r\nProxy-Authenticate: x\r\nExpect: "
                 "100-continue\r\n"
                 "Proxy: http://evil/\r\nProxy-Authentication-Info: x\r\nHTTP2-Settings: x\r\n"
                 "Transfer-Encoding: chunked\r\nAuthorization: stays\r\nTrailer: stays\r\n")
    );
    ASSERT_EQ(result.state, Parse::complete);
    EXPECT_EQ(strip_hop_by_hop(result->fields), Reason::ok);
    for (const std::string_view name :
         {"connection",
          "keep-alive",
          "proxy-connection",
          "te",
          "upgrade",
          "proxy-authorization",
          "proxy-authenticate",
          "proxy",
          "proxy-authentication-info",
          "http2-settings",
          "expect",
          "transfer-encoding"}) {
        EXPECT_EQ(value_of(result->fields, name), "(absent)") << name;
    }
    EXPECT_EQ(value_of(result->fields, "authorization"), "stays");
    EXPECT_EQ(value_of(result->fields, "trailer"), "stays");
}

TEST(Hop, NamedFieldsGo) {
    const RequestResult result(get_with(
        "X-One: 1\r\nConnection: close, x-one , ,X-TWO\r\nX-Two: 2\r\nx-one: 3\r\nX-Three: 4\r\n"
        "Connection: x-four\r\nX-Four: 5\r\n"
    ));
    EXPECT_EQ(strip_hop_by_hop(result->fields), Reason::ok);
    EXPECT_EQ(value_of(result->fields, "x-one"), "(absent)");
    EXPECT_EQ(value_of(result->fields, "x-two"), "(absent)");
    EXPECT_EQ(value_of(result->fields, "x-four"), "(absent)");
    EXPECT_EQ(value_of(result->fields, "x-three"), "4");
}

TEST(Hop, ProtectedNamesMayNotBeNamed) {
    for (const std::string_view name :
         {"host",
          "content-length",
          "content-type",
          "transfer-encoding",
          "authorization",
          "cookie",
          "set-cookie",
          "accept",
          "date",
          "expect",
          "forwarded",
          "proxy-authorization",
          "retry-after",
          "server",
          "traceparent",
          "tracestate",
          "via",
          "x-forwarded-for",
          "x-forwarded-host",
          "x-forwarded-port",
          "x-forwarded-prefix",
          "x-forwarded-proto",
          "x-forwarded-server",
          "x-forwarded-client-cert",
          "x-real-ip",
          "x-request-id"}) {
        for (const bool upper : {false, true}) {
            std::string spelled(name);
            if (upper) spelled[0] = static_cast<char>(spelled[0] - 0x20);
            for (const std::string& value :
                 {spelled, "close, " + spelled, spelled + ",x", "x,\t" + spelled + " "}) {
                const RequestResult result(get_with("Connection: " + value + "\r\n"));
                ASSERT_EQ(result.state, Parse::complete);
                EXPECT_EQ(strip_hop_by_hop(result->fields), Reason::bad_connection_field) << value;
            }
        }
    }
}

TEST(Hop, TheSecondConnectionFieldCountsToo) {
    const RequestResult result(get_with("Connection: close\r\nConnection: Authorization\r\n"));
    EXPECT_EQ(strip_hop_by_hop(result->fields), Reason::bad_connection_field);
}

TEST(Hop, HarmlessNamesMayBeNamed) {
    for (const std::string_view name :
         {"te",
          "trailer",
          "upgrade",
          "keep-alive",
          "proxy-connection",
          "connection",
          "http2-settings",
          "proxy",
          "proxy-authentication-info",
          "x-custom",
          "proxy-authenticate",
          "close",
          ""}) {
        const RequestResult result(get_with("Connection: " + std::string(name) + "\r\n"));
        EXPECT_EQ(strip_hop_by_hop(result->fields), Reason::ok) << name;
    }
}

TEST(Hop, AConnectionOptionIsAToken) {
    for (const std::string_view value :
         {"a b", "\"x\"", "x;q=1", "x:y", "x/y", "\xc3\xa4", "x,(y)", "a=b"}) {
        const RequestResult result(get_with("Connection: " + std::string(value) + "\r\n"));
        EXPECT_EQ(strip_hop_by_hop(result->fields), Reason::bad_connection_field) << value;
    }
}

TEST(Hop, ResponsesFollowTheSameRules) {
    const ResponseResult good(
        ok_with("Connection: x-one\r\nX-One: 1\r\nKeep-Alive: x\r\nServer: s\r\n")
    );
    EXPECT_EQ(strip_hop_by_hop(good->fields), Reason::ok);
    EXPECT_EQ(value_of(good->fields, "x-one"), "(absent)");
    EXPECT_EQ(value_of(good->fields, "server"), "s");
    const ResponseResult bad(ok_with("Connection: set-cookie\r\n"));
    EXPECT_EQ(strip_hop_by_hop(bad->fields), Reason::bad_connection_field);
}

TEST(Forwarded, OursAreAdded) {
    const RequestResult result("GET / HTTP/1.1\r\nHost: Example.com:81\r\n\r\n");
    EXPECT_EQ(rebuild_forwarded(*result.head, kPeer, *result.scratch), Reason::ok);
    EXPECT_EQ(value_of(result->fields, "x-forwarded-for"), "192.0.2.7");
    EXPECT_EQ(value_of(result->fields, "x-forwarded-proto"), "https");
    EXPECT_EQ(value_of(result->fields, "x-forwarded-host"), "Example.com:81");
    EXPECT_EQ(value_of(result->fields, "x-forwarded-port"), "8443");
}

TEST(Forwarded, EverythingTheClientSaidGoes) {
    for (const std::string_view name :
         {"X-Forwarded-For",
          "x-forwarded-for",
          "X-FORWARDED-HOST",
          "X-Forwarded-Port",
          "X-Forwarded-Proto",
          "X-Forwarded-Prefix",
          "X-Forwarded-Server",
          "X-Forwarded-Scheme",
          "X-Forwarded-Ssl",
          "X-Forwarded-Client-Cert",
          "x-forwarded-z",
          "Forwarded",
          "X-Real-IP"}) {
        for (const std::string_view value : {"spoofed", "spoofed, 127.0.0.1", ""}) {
            const std::string line = std::string(name) + ": " + std::string(value) + "\r\n";
            const RequestResult result(get_with(line + "X: y\r\n" + line));
            ASSERT_EQ(result.state, Parse::complete);
            EXPECT_EQ(rebuild_forwarded(*result.head, kPeer, *result.scratch), Reason::ok);
            for (const Field& field : result->fields.all()) {
                if (!field.dropped) {
                    EXPECT_EQ(field.value.find("spoofed"), std::string_view::npos) << name;
                }
            }
            EXPECT_EQ(count_of(result->fields, FieldId::x_forwarded_for), 1u);
            EXPECT_EQ(count_of(result->fields, FieldId::x_forwarded_other), 0u);
            EXPECT_EQ(count_of(result->fields, FieldId::forwarded), 0u);
            EXPECT_EQ(count_of(result->fields, FieldId::x_real_ip), 0u);
            EXPECT_EQ(value_of(result->fields, "x"), "y");
        }
    }
}

TEST(Forwarded, NamesThatOnlyLookAlikeStay) {
    const RequestResult result(
        get_with("X-Forwarded: 1\r\nX-Forwardedfor: 2\r\nForwarded-For: 3\r\n")
    );
    EXPECT_EQ(rebuild_forwarded(*result.head, kPeer, *result.scratch), Reason::ok);
    EXPECT_EQ(value_of(result->fields, "x-forwarded"), "1");
    EXPECT_EQ(value_of(result->fields, "x-forwardedfor"), "2");
    EXPECT_EQ(value_of(result->fields, "forwarded-for"), "3");
}

TEST(Forwarded, NoHostNoForwardedHost) {
    const RequestResult result("GET / HTTP/1.0\r\nX-Forwarded-Host: spoofed\r\n\r\n");
    EXPECT_EQ(rebuild_forwarded(*result.head, kPeer, *result.scratch), Reason::ok);
    EXPECT_EQ(value_of(result->fields, "x-forwarded-host"), "(absent)");
}

TEST(Forwarded, PortsOfEveryLength) {
    for (const uint16_t port : {0, 1, 80, 443, 8080, 65535}) {
        const RequestResult result(get_with(""));
        const Peer peer{.address = "::1", .scheme = "http", .port = port};
        EXPECT_EQ(rebuild_forwarded(*result.head, peer, *result.scratch), Reason::ok);
        EXPECT_EQ(value_of(result->fields, "x-forwarded-port"), std::to_string(port));
    }
}

TEST(Forwarded, WhatDoesNotFitIsARefusal) {
    const RequestResult full(get_with(""));
    while (full->fields.add("a", "b")) {
    }
    EXPECT_EQ(rebuild_forwarded(*full.head, kPeer, *full.scratch), Reason::too_many_fields);
    const RequestResult narrow(get_with(""));
    while (narrow.scratch->take(1) != nullptr) {
    }
    EXPECT_EQ(rebuild_forwarded(*narrow.head, kPeer, *narrow.scratch), Reason::head_too_large);
}

TEST(RequestId, IsMadeFromTheDraw) {
    const RequestResult result(get_with(""));
    const std::string_view id =
        ensure_request_id(*result.head, 0x0123456789abcdefu, 0xfedcba9876543210u, *result.scratch);
    EXPECT_EQ(id, "0123456789abcdeffedcba9876543210");
    EXPECT_EQ(value_of(result->fields, "x-request-id"), id);
    const RequestResult zero(get_with(""));
    EXPECT_EQ(ensure_request_id(*zero.head, 0, 1, *zero.scratch), std::string(31, '0') + "1");
}

TEST(RequestId, AClientsIsKept) {
    const std::string longest(limits::kRequestIdBytes, 'i');
    for (const std::string& given : {std::string("a"), std::string("!~\"'<>"), longest}) {
        const RequestResult result(get_with("X-Request-ID: " + given + "\r\n"));
        EXPECT_EQ(ensure_request_id(*result.head, 1, 2, *result.scratch), given);
        EXPECT_EQ(count_of(result->fields, FieldId::x_request_id), 1u);
    }
}

TEST(RequestId, AnUnusableOneIsReplaced) {
    const std::string too_long(limits::kRequestIdBytes + 1, 'i');
    for (const std::string& given :
         {std::string(), std::string("a b"), std::string("a\tb"), std::string("\xc3\xa4"), too_long
         }) {
        const RequestResult result(get_with("x-request-id: " + given + "\r\n"));
        EXPECT_EQ(ensure_request_id(*result.head, 0, 0, *result.scratch), std::string(32, '0'));
        EXPECT_EQ(count_of(result->fields, FieldId::x_request_id), 1u);
        EXPECT_EQ(value_of(result->fields, "x-request-id"), std::string(32, '0'));
    }
}

TEST(RequestId, OnlyOneGoesOn) {
    const RequestResult result(get_with("x-request-id: one\r\nX-Request-Id: two\r\n"));
    EXPECT_EQ(ensure_request_id(*result.head, 0, 0, *result.scratch), "one");
    EXPECT_EQ(count_of(result->fields, FieldId::x_request_id), 1u);
    const RequestResult bad(get_with("x-request-id: a b\r\nX-Request-Id: two\r\n"));
    EXPECT_EQ(ensure_request_id(*bad.head, 0, 0, *bad.scratch), std::string(32, '0'));
    EXPECT_EQ(count_of(bad->fields, FieldId::x_request_id), 1u);
}

}  // namespace
}  // namespace sluice::http
