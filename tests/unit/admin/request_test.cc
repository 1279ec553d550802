// Request heads of the admin socket: pieces, hostile shapes, the limit and one byte more.
#include "controller/admin/request.h"

#include <gtest/gtest.h>
#include <string>

#include "table/limits.h"

namespace sluice::admin {
namespace {

using State = RequestReader::State;

TEST(AdminRequest, whole_head) {
    RequestReader reader;
    ASSERT_EQ(
        reader.feed("GET /verdicts?format=text HTTP/1.1\r\nHost: x\r\n\r\n"), State::complete
    );
    EXPECT_EQ(reader.request().method, "GET");
    EXPECT_EQ(reader.request().path, "/verdicts");
    EXPECT_EQ(reader.request().query, "format=text");
}

TEST(AdminRequest, byte_by_byte) {
    RequestReader reader;
    const std::string head = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
    for (size_t i = 0; i + 1 < head.size(); ++i) {
        ASSERT_EQ(reader.feed(head.substr(i, 1)), State::more) << i;
    }
    ASSERT_EQ(reader.feed(head.substr(head.size() - 1)), State::complete);
    EXPECT_EQ(reader.request().path, "/readyz");
    EXPECT_EQ(reader.request().query, "");
}

TEST(AdminRequest, what_follows_a_head_is_not_read) {
    RequestReader reader;
    EXPECT_EQ(
        reader.feed("GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\n"), State::complete
    );
    EXPECT_EQ(reader.feed("more"), State::complete);
    EXPECT_EQ(reader.request().path, "/a");
}

TEST(AdminRequest, garbage_is_malformed_and_stays_so) {
    for (const char* bytes :
         {"\x16\x03\x01 tls?\r\n\r\n",
          "GET\r\n\r\n",
          "GET / HTTP/9.1\r\n\r\n",
          "GET / HTTP/1.1\r\nbad line\r\n\r\n"}) {
        RequestReader reader;
        EXPECT_EQ(reader.feed(bytes), State::malformed) << bytes;
        EXPECT_EQ(reader.feed("GET / HTTP/1.1\r\n\r\n"), State::malformed);
    }
}

TEST(AdminRequest, bodies_are_refused) {
    RequestReader length;
    EXPECT_EQ(length.feed("GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n"), State::malformed);
    RequestReader chunked;
    EXPECT_EQ(
        chunked.feed("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), State::malformed
    );
    RequestReader none;
    EXPECT_EQ(none.feed("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), State::complete);
}

// A head of exactly `size` bytes.
std::string head_of(size_t size) {
    const std::string start = "GET / HTTP/1.1\r\nX: ";
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
}

TEST(AdminRequest, head_of_the_limit_and_one_byte_more) {
    RequestReader fits;
    EXPECT_EQ(fits.feed(head_of(limits::kAdminRequestBytes)), State::complete);
    RequestReader over;
    EXPECT_EQ(over.feed(head_of(limits::kAdminRequestBytes + 1)), State::too_large);
}

TEST(AdminRequest, an_endless_head_ends_at_the_limit) {
    RequestReader reader;
    State state = reader.feed("GET / HTTP/1.1\r\n");
    size_t sent = 0;
    while (state == State::more && sent < 2 * limits::kAdminRequestBytes) {
        const std::string line = "X-Filler: " + std::string(50, 'x') + "\r\n";
        state = reader.feed(line);
        sent += line.size();
    }
    EXPECT_EQ(state, State::too_large);
    EXPECT_LE(sent, limits::kAdminRequestBytes + 100);
}

TEST(AdminRequest, an_endless_line_ends_at_the_limit) {
    RequestReader reader;
    State state = State::more;
    size_t sent = 0;
    for (; state == State::more && sent < 4 * limits::kAdminRequestBytes; sent += 512) {
        state = reader.feed(std::string(512, 'G'));
    }
    EXPECT_NE(state, State::more);
    EXPECT_LE(sent, limits::kAdminRequestBytes + 1024);
}

TEST(AdminRequest, parameters) {
    const Request request{.method = "GET", .path = "/", .query = "a=1&format=text&b&c==&=d"};
    EXPECT_EQ(request.parameter("a"), "1");
    EXPECT_EQ(request.parameter("format"), "text");
    EXPECT_EQ(request.parameter("b"), "");
    EXPECT_EQ(request.parameter("c"), "=");
    EXPECT_EQ(request.parameter("absent"), "");
    EXPECT_EQ(Request{}.parameter("format"), "");
}

}  // namespace
}  // namespace sluice::admin
