// Trailers: kept apart, held against the gate, and without what only a head may say.
#include <gtest/gtest.h>

#include "proxy/http/body.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

using std::string_view_literals::operator""sv;

struct Outcome {
    std::string trailers;
    Reason reason = Reason::ok;
    bool ended = false;
};

Outcome trailers_of(std::string_view section, size_t step = std::string_view::npos) {
    const std::string text = "1\r\na\r\n0\r\n" + std::string(section);
    BodyScanner scanner;
    scanner.start({.kind = Framing::chunked});
    for (size_t at = 0; at < text.size() && !scanner.ended();) {
        const Alone piece(std::string_view(text).substr(at, step));
        const BodyScanner::Step taken = scanner.next(piece.view());
        if (taken.reason != Reason::ok) return {{}, taken.reason, false};
        at += taken.consumed;
        if (taken.consumed == 0) break;
    }
    return {std::string(scanner.trailers()), Reason::ok, scanner.ended()};
}

TEST(Trailers, ComeOutAsTheyCame) {
    for (size_t step = 1; step < 40; ++step) {
        const Outcome outcome = trailers_of("X-One: 1\r\nX-Two:2 \r\n\r\n", step);
        EXPECT_EQ(outcome.reason, Reason::ok);
        EXPECT_TRUE(outcome.ended);
        EXPECT_EQ(outcome.trailers, "X-One: 1\r\nX-Two:2 \r\n") << step;
    }
    const std::string usual = "grpc-status: 0\r\nContent-Digest: x\r\nServer-Timing:\r\n";
    EXPECT_EQ(trailers_of(usual + "\r\n").trailers, usual);
}

TEST(Trailers, AreNotThereBeforeTheEnd) {
    BodyScanner scanner;
    scanner.start({.kind = Framing::chunked});
    scanner.next("0\r\nX: y\r\n");
    EXPECT_EQ(scanner.trailers(), "");
    scanner.next("\r\n");
    EXPECT_EQ(scanner.trailers(), "X: y\r\n");
    scanner.start({.kind = Framing::chunked});
    EXPECT_EQ(scanner.trailers(), "");
    scanner.next("0\r\n\r\n");
    EXPECT_EQ(scanner.trailers(), "");
}

TEST(Trailers, NamesThatOnlyAHeadMaySay) {
    for (const std::string_view name :
         {"Host",
          "Content-Length",
          "Transfer-Encoding",
          "Trailer",
          "TE",
          "Connection",
          "Keep-Alive",
          "Upgrade",
          "Expect",
          "Authorization",
          "Proxy-Authorization",
          "Cookie",
          "Set-Cookie",
          "WWW-Authenticate",
          "Content-Type",
          "Content-Encoding",
          "Content-Range",
          "Cache-Control",
          "Max-Forwards",
          "Range",
          "If-Match",
          "If-None-Match",
          "Pragma",
          "Age",
          "Expires",
          "Date",
          "Location",
          "Retry-After",
          "Vary",
          "Via",
          "X-Forwarded-For",
          "X-Forwarded-Anything",
          "Forwarded",
          "X-Real-IP",
          "X-Request-Id",
          "traceparent",
          "Server",
          "accept",
          "Accept-Encoding",
          "User-Agent",
          "Proxy-Authenticate",
          "Proxy-Connection",
          "Strict-Transport-Security",
          "Origin",
          "Referer"}) {
        const Outcome outcome = trailers_of("A: 1\r\n" + std::string(name) + ": x\r\nB: 2\r\n\r\n");
        EXPECT_EQ(outcome.reason, Reason::ok) << name;
        EXPECT_EQ(outcome.trailers, "A: 1\r\nB: 2\r\n") << name;
    }
}

TEST(Trailers, LinesThatTheGateRefuses) {
    for (const std::string_view line :
         {"X\r\n"sv,
          ": y\r\n"sv,
          "X : y\r\n"sv,
          "X\t: y\r\n"sv,
          " X: y\r\n"sv,
          "\tX: y\r\n"sv,
          "X_Y: y\r\n"sv,
          "X: \x01\r\n"sv,
          "X: \x7f\r\n"sv,
          "X: \0\r\n"sv,
          "X: y\n"sv,
          "X: y\rz\r\n"sv,
          "X: y\r\r\n"sv,
          "\n"sv,
          "\rX"sv,
          "\r\r\n"sv,
          "X:\n"sv,
          ":\n"sv,
          "X\n"sv,
          "X\xc3\xa4: y\r\n"sv,
          "X: y\r\n z\r\n"sv,
          "GET / HTTP/1.1\r\n"sv,
          "X\0: y\r\n"sv,
          "Host : y\r\n"sv}) {
        for (size_t step = 1; step < 20; ++step) {
            const Outcome outcome = trailers_of(std::string(line) + "\r\n", step);
            EXPECT_EQ(outcome.reason, Reason::bad_trailer) << line;
        }
    }
}

TEST(Trailers, NameBytesUpToTheLimit) {
    const std::string name(limits::kFieldNameBytes, 'x');
    EXPECT_EQ(trailers_of(name + ": 1\r\n\r\n").trailers, name + ": 1\r\n");
    EXPECT_EQ(trailers_of(name + "x: 1\r\n\r\n").reason, Reason::bad_trailer);
}

TEST(Trailers, FieldsUpToTheLimit) {
    std::string lines;
    for (size_t i = 0; i < limits::kTrailerFields; ++i) lines += "X: 1\r\n";
    EXPECT_EQ(trailers_of(lines + "\r\n").trailers, lines);
    EXPECT_EQ(trailers_of(lines + "X: 1\r\n\r\n").reason, Reason::bad_trailer);
    EXPECT_EQ(trailers_of(lines + "Host: 1\r\n\r\n").reason, Reason::bad_trailer)
        << "dropped ones count";
}

TEST(Trailers, BytesUpToTheLimit) {
    const std::string fits = "X: " + std::string(limits::kTrailerBytes - 5, 'x') + "\r\n";
    EXPECT_EQ(trailers_of(fits + "\r\n").trailers, fits);
    EXPECT_EQ(trailers_of("X" + fits + "\r\n").reason, Reason::bad_trailer);
    EXPECT_EQ(trailers_of(std::string(limits::kTrailerBytes + 1, 'x')).reason, Reason::bad_trailer);
    const std::string dropped = "Host: " + std::string(limits::kTrailerBytes - 8, 'x') + "\r\n";
    EXPECT_EQ(trailers_of(dropped + "\r\n").trailers, "");
    EXPECT_EQ(trailers_of(dropped + "X: 1\r\n\r\n").reason, Reason::bad_trailer)
        << "dropped ones count";
}

}  // namespace
}  // namespace sluice::http
