// Heads that come in pieces: every prefix either waits or says what the whole says, and a slow
// client costs no rescans.
#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

constexpr std::string_view kRequests[] = {
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /a/../b?c#d HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /long/enough/for/blocks/%7e/x?q=1 HTTP/1.1\r\nHost: Example.com\r\nUser-Agent: x y z\r\n"
    "Content-Length: 10\r\nX-Tab:\ta\tb\t\r\nConnection: close\r\n\r\n0123456789",
    "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: y\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX_Y: y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nX: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\rX",
    "GET / HTTP/1.3\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "GET /\r\n\r\n",
    "get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
};

constexpr std::string_view kResponses[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nServer: s\r\n\r\nabc",
    "HTTP/1.1 304 \r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\n",
    "HTTP/1.1 200\r\n\r\n",
    "HTTP/1.1 20x OK\r\n\r\n",
    "HTTP/3.0 200 OK\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: y\nZ: a\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "HTTP/1.1 200 O\x01K\r\n\r\n",
};

// Gives the text a step at a time, each time in memory of its own, and compares the outcome with
// the whole's.
template <typename ParseFn>
void expect_same_in_steps(std::string_view text, size_t step, ParseFn parse) {
    size_t none = 0;
    const Parsed whole = parse(Alone(text).view(), none);
    ASSERT_NE(whole.state, Parse::need_more);
    size_t scanned = 0;
    for (size_t have = 0;; have = std::min(have + step, text.size())) {
        const Parsed part = parse(Alone(text.substr(0, have)).view(), scanned);
        if (part.state == Parse::need_more) {
            ASSERT_LT(have, text.size()) << "still waiting at the end";
            ASSERT_LE(scanned, have);
            continue;
        }
        EXPECT_EQ(part.state, whole.state) << have;
        EXPECT_EQ(part.reason, whole.reason) << have;
        return;
    }
}

TEST(Split, RequestsInStepsOfEverySize) {
    auto scratch = std::make_unique<Scratch>();
    auto head = std::make_unique<RequestHead>();
    for (const std::string_view text : kRequests) {
        for (size_t step = 1; step <= text.size(); ++step) {
            SCOPED_TRACE(std::string(text) + " by " + std::to_string(step));
            expect_same_in_steps(text, step, [&](std::string_view bytes, size_t& scanned) {
                return parse_request(bytes, scanned, *scratch, *head);
            });
        }
    }
}

TEST(Split, ResponsesInStepsOfEverySize) {
    auto head = std::make_unique<ResponseHead>();
    for (const std::string_view text : kResponses) {
        for (size_t step = 1; step <= text.size(); ++step) {
            SCOPED_TRACE(std::string(text) + " by " + std::to_string(step));
            expect_same_in_steps(text, step, [&](std::string_view bytes, size_t& scanned) {
                return parse_response(bytes, scanned, false, *head);
            });
        }
    }
}

// What was read is the same as if it had come at once.
TEST(Split, TheHeadIsTheSame) {
    const std::string_view text = kRequests[2];
    const RequestResult whole(text);
    ASSERT_EQ(whole.state, Parse::complete);
    auto scratch = std::make_unique<Scratch>();
    auto head = std::make_unique<RequestHead>();
    for (size_t cut = 0; cut < whole->size; ++cut) {
        size_t scanned = 0;
        ASSERT_EQ(
            parse_request(Alone(text.substr(0, cut)).view(), scanned, *scratch, *head).state,
            Parse::need_more
        );
        const Alone all(text);
        ASSERT_EQ(parse_request(all.view(), scanned, *scratch, *head).state, Parse::complete);
        EXPECT_EQ(head->size, whole->size);
        EXPECT_EQ(head->path, whole->path);
        EXPECT_EQ(head->host, whole->host);
        EXPECT_EQ(head->body.length, 10u);
        ASSERT_EQ(head->fields.size(), whole->fields.size());
        for (size_t i = 0; i < head->fields.size(); ++i) {
            EXPECT_EQ(head->fields.all()[i].name, whole->fields.all()[i].name);
            EXPECT_EQ(head->fields.all()[i].value, whole->fields.all()[i].value);
        }
    }
}

TEST(Split, TheHintMovesForwardAndStaysBeforeALineEnd) {
    const std::string text = get_with("X: y\r\nZ: w\r\n");
    auto scratch = std::make_unique<Scratch>();
    auto head = std::make_unique<RequestHead>();
    size_t scanned = 0;
    for (size_t have = 0; have < text.size(); ++have) {
        const size_t before = scanned;
        ASSERT_EQ(
            parse_request(std::string_view(text).substr(0, have), scanned, *scratch, *head).state,
            Parse::need_more
        );
        EXPECT_GE(scanned, before);
        EXPECT_LE(scanned, have);
        EXPECT_GE(scanned + 3, have) << "rescans more than a line end";
    }
    EXPECT_EQ(parse_request(text, scanned, *scratch, *head).state, Parse::complete);
}

// A hint must never make an illegal byte pass, wherever the pieces were cut.
TEST(Split, IllegalBytesAreFoundBehindAnyCut) {
    auto scratch = std::make_unique<Scratch>();
    auto head = std::make_unique<RequestHead>();
    for (const std::string_view bad : {"\n", "\r", "\x01", "\x7f", "\r\n\n", "\r\n \r\n"}) {
        const std::string text = get_with("X: yyyyyyyyyyyyyyyyyy" + std::string(bad) + "z\r\n");
        const Reason wanted = RequestResult(text).reason;
        ASSERT_NE(wanted, Reason::ok);
        for (size_t cut = 0; cut < text.size(); ++cut) {
            size_t scanned = 0;
            Parsed parsed =
                parse_request(std::string_view(text).substr(0, cut), scanned, *scratch, *head);
            if (parsed.state == Parse::need_more) {
                parsed = parse_request(text, scanned, *scratch, *head);
            }
            EXPECT_EQ(parsed.reason, wanted) << cut;
        }
    }
}

TEST(Split, PipelinedRequestsAreLeftAlone) {
    const std::string first = get_with("X: 1\r\n");
    const RequestResult result(first + "GARBAGE\x01\n");
    ASSERT_EQ(result.state, Parse::complete);
    EXPECT_EQ(result->size, first.size());
}

TEST(Split, GarbageIsRefusedAtItsFirstBytes) {
    EXPECT_EQ(RequestResult("\x16\x03\x01").state, Parse::refused);  // a TLS hello on a plain port
    EXPECT_EQ(ResponseResult("SSH").state, Parse::refused);
    EXPECT_EQ(RequestResult("").state, Parse::need_more);
    EXPECT_EQ(ResponseResult("").state, Parse::need_more);
}

}  // namespace
}  // namespace sluice::http
