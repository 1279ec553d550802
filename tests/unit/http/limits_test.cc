// Each limit of a head, at the limit and one beyond.
#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

std::string fill(size_t bytes) {
    return std::string(bytes, 'x');
}

Reason request(std::string_view text) {
    return RequestResult(text).reason;
}
Reason response(std::string_view text) {
    return ResponseResult(text).reason;
}

std::string request_line(std::string_view method, std::string_view target) {
    return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

TEST(Limits, MethodBytes) {
    EXPECT_EQ(request(request_line(std::string(limits::kMethodBytes, 'M'), "/")), Reason::ok);
    EXPECT_EQ(
        request(request_line(std::string(limits::kMethodBytes + 1, 'M'), "/")), Reason::bad_method
    );
}

TEST(Limits, TargetBytes) {
    const std::string path = "/" + fill(limits::kTargetBytes - 1);
    EXPECT_EQ(request(request_line("GET", path)), Reason::ok);
    EXPECT_EQ(request(request_line("GET", path + "x")), Reason::target_too_long);
    EXPECT_EQ(request("GET " + path + "x"), Reason::target_too_long)
        << "known before the line ends";
    const std::string query = "/?" + fill(limits::kTargetBytes - 2);
    EXPECT_EQ(request(request_line("GET", query)), Reason::ok);
    EXPECT_EQ(request(request_line("GET", query + "x")), Reason::target_too_long);
}

TEST(Limits, FieldNameBytes) {
    const std::string name = fill(limits::kFieldNameBytes);
    EXPECT_EQ(request(get_with(name + ": 1\r\n")), Reason::ok);
    EXPECT_EQ(request(get_with(name + "x: 1\r\n")), Reason::head_too_large);
    EXPECT_EQ(response(ok_with(name + ": 1\r\n")), Reason::ok);
    EXPECT_EQ(response(ok_with(name + "x: 1\r\n")), Reason::head_too_large);
}

TEST(Limits, FieldValueBytes) {
    const std::string value = fill(limits::kFieldValueBytes);
    EXPECT_EQ(request(get_with("X: " + value + "\r\n")), Reason::ok);
    EXPECT_EQ(request(get_with("X: " + value + "x\r\n")), Reason::head_too_large);
    EXPECT_EQ(request(get_with("X: " + value + " \r\n")), Reason::head_too_large);
    EXPECT_EQ(response(ok_with("X: " + value + "\r\n")), Reason::ok);
    EXPECT_EQ(response(ok_with("X: " + value + "x\r\n")), Reason::head_too_large);
}

TEST(Limits, PhraseBytes) {
    const std::string phrase = fill(limits::kFieldValueBytes);
    EXPECT_EQ(response("HTTP/1.1 200 " + phrase + "\r\n\r\n"), Reason::ok);
    EXPECT_EQ(response("HTTP/1.1 200 " + phrase + "x\r\n\r\n"), Reason::head_too_large);
}

TEST(Limits, HeadFields) {
    std::string lines;
    for (size_t i = 1; i < limits::kHeadFields; ++i) lines += "X: 1\r\n";
    EXPECT_EQ(request(get_with(lines)), Reason::ok);  // with Host
    EXPECT_EQ(request(get_with(lines + "X: 1\r\n")), Reason::too_many_fields);
    EXPECT_EQ(response(ok_with(lines + "X: 1\r\n")), Reason::ok);
    EXPECT_EQ(response(ok_with(lines + "X: 1\r\nX: 1\r\n")), Reason::too_many_fields);
}

// A head of exactly `bytes`.
std::string sized(std::string head, size_t bytes) {
    constexpr size_t kMost = 4000;
    constexpr size_t kLineBytes = 5;  // "X: " and CR LF
    while (bytes - head.size() - 2 > kMost + 2 * kLineBytes) head += "X: " + fill(kMost) + "\r\n";
    head += "X: " + fill(bytes - head.size() - 2 - kLineBytes) + "\r\n\r\n";
    return head;
}

TEST(Limits, HeadBytes) {
    const std::string request_start = "GET / HTTP/1.1\r\nHost: a\r\n";
    const std::string fits = sized(request_start, limits::kHeadBytes);
    ASSERT_EQ(fits.size(), limits::kHeadBytes);
    EXPECT_EQ(request(fits), Reason::ok);
    EXPECT_EQ(request(fits + "body"), Reason::ok);
    EXPECT_EQ(request(sized(request_start, limits::kHeadBytes + 1)), Reason::head_too_large);
    EXPECT_EQ(response(sized("HTTP/1.1 200 OK\r\n", limits::kHeadBytes)), Reason::ok);
    EXPECT_EQ(
        response(sized("HTTP/1.1 200 OK\r\n", limits::kHeadBytes + 1)), Reason::head_too_large
    );
}

TEST(Limits, HeadBytesWithoutAnEnd) {
    const std::string head = sized("GET / HTTP/1.1\r\nHost: a\r\n", limits::kHeadBytes + 1);
    const RequestResult waits(head.substr(0, limits::kHeadBytes - 1));
    EXPECT_EQ(waits.state, Parse::need_more);
    const RequestResult full(head.substr(0, limits::kHeadBytes));
    EXPECT_EQ(full.reason, Reason::head_too_large);
    // Blanks are bytes as well.
    const std::string blanks =
        "GET / HTTP/1.1\r\nHost: a\r\nX:" + std::string(limits::kHeadBytes, ' ');
    EXPECT_EQ(request(blanks), Reason::head_too_large);
}

TEST(Limits, HostBytes) {
    std::string host;
    while (host.size() + 2 <= limits::kHostBytes) host += "a.";
    host += "b";
    ASSERT_EQ(host.size(), limits::kHostBytes);
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), Reason::ok);
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: " + host + ".:65535\r\n\r\n"), Reason::ok);
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: " + host + "b\r\n\r\n"), Reason::bad_host);
}

TEST(Limits, BodyBytes) {
    const auto with_length = [](uint64_t length) {
        return "Content-Length: " + std::to_string(length) + "\r\n";
    };
    EXPECT_EQ(request(get_with(with_length(limits::kBodyBytes))), Reason::ok);
    EXPECT_EQ(request(get_with(with_length(limits::kBodyBytes + 1))), Reason::body_too_large);
    EXPECT_EQ(response(ok_with(with_length(limits::kBodyBytes))), Reason::ok);
    EXPECT_EQ(response(ok_with(with_length(limits::kBodyBytes + 1))), Reason::body_too_large);
}

}  // namespace
}  // namespace sluice::http
