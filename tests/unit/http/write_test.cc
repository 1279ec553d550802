// Heads out: exact bytes, our framing only, and what was parsed reads the same when written.
#include "proxy/http/write.h"

#include <array>
#include <gtest/gtest.h>

#include "proxy/http/hop.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

std::string written(const RequestHead& head, BodyFraming body) {
    std::string out(64 * 1024, '\0');
    HeadWriter writer(out.data(), out.size());
    write_request(writer, head, head.target, head.authority, body);
    EXPECT_TRUE(writer.ok());
    return std::string(writer.text());
}

std::string written(
    const ResponseHead& head, BodyFraming body, bool close = false, bool keep_length = false
) {
    std::string out(64 * 1024, '\0');
    HeadWriter writer(out.data(), out.size());
    write_response(writer, head, body, close, keep_length);
    EXPECT_TRUE(writer.ok());
    return std::string(writer.text());
}

TEST(HeadWriter, StaysFullOnceItIsFull) {
    std::array<char, 8> out{};
    HeadWriter writer(out.data(), out.size());
    writer.put("abcd");
    EXPECT_EQ(writer.text(), "abcd");
    writer.put("12345");
    EXPECT_FALSE(writer.ok());
    writer.put("x");
    EXPECT_FALSE(writer.ok());
    EXPECT_EQ(writer.text(), "abcd");
    EXPECT_EQ(writer.size(), 4u);
}

TEST(HeadWriter, FillsExactly) {
    std::array<char, 8> out{};
    HeadWriter writer(out.data(), out.size());
    writer.put_field("a", "bcd");
    EXPECT_TRUE(writer.ok());
    EXPECT_EQ(writer.text(), "a: bcd\r\n");
    writer.put("");
    EXPECT_TRUE(writer.ok());
    writer.put_field("", "");
    EXPECT_FALSE(writer.ok());
}

TEST(HeadWriter, Numbers) {
    std::array<char, 64> out{};
    for (const uint64_t number : {uint64_t{0}, uint64_t{7}, uint64_t{1234567890}, UINT64_MAX}) {
        HeadWriter writer(out.data(), out.size());
        writer.put_number(number);
        EXPECT_EQ(writer.text(), std::to_string(number));
    }
}

TEST(WriteRequest, HostFirstThenTheFieldsAsTheyCame) {
    const RequestResult result(
        "POST /a?b HTTP/1.0\r\nAccept: x\r\nhOsT: A:1\r\nX:y\r\nT:\tt\r\nZ: \t z "
        "\r\nContent-Length: "
        "3\r\n\r\n"
    );
    EXPECT_EQ(
        written(*result.head, result->body),
        "POST /a?b HTTP/1.1\r\nhost: A:1\r\nAccept: x\r\nX: y\r\nT: t\r\nZ: z\r\ncontent-length: "
        "3\r\n\r\n"
    );
}

TEST(WriteRequest, FramingIsOurs) {
    const RequestResult chunked(get_with("Transfer-Encoding: Chunked\r\nTrailer: x\r\n"));
    EXPECT_EQ(
        written(*chunked.head, chunked->body),
        "GET /a HTTP/1.1\r\nhost: a\r\nTrailer: x\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    EXPECT_EQ(
        written(*chunked.head, {.kind = Framing::length, .length = 9}),
        "GET /a HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n"
    );
    const RequestResult none(get_with(""));
    EXPECT_EQ(written(*none.head, none->body), "GET /a HTTP/1.1\r\nhost: a\r\n\r\n");
    EXPECT_EQ(
        written(*none.head, {.kind = Framing::length, .length = 0}),
        "GET /a HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"
    );
}

TEST(WriteRequest, HopByHopNeverPassesEvenUnstripped) {
    const RequestResult result(
        get_with("Connection: close\r\nKeep-Alive: 1\r\nTE: trailers\r\nUpgrade: x\r\nExpect: "
                 "100-continue\r\n"
                 "Proxy-Connection: x\r\nProxy-Authorization: x\r\nX: y\r\n")
    );
    EXPECT_EQ(written(*result.head, {}), "GET /a HTTP/1.1\r\nhost: a\r\nX: y\r\n\r\n");
}

TEST(WriteRequest, DroppedFieldsAndAddedOnes) {
    const RequestResult result(get_with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n"));
    result->fields.drop("b");
    result->fields.drop("e");
    result->fields.add("f", "6");
    result->fields.add("g", "");
    EXPECT_EQ(
        written(*result.head, {}),
        "GET /a HTTP/1.1\r\nhost: a\r\nA: 1\r\nC: 3\r\nD: 4\r\nf: 6\r\ng: \r\n\r\n"
    );
}

// Lines are copied in runs only while name and value are what the line says.
TEST(WriteRequest, ChangedFieldsAreWrittenAsTheyAreNow) {
    const RequestResult result(get_with("A: 11\r\nB: 22\r\nC: 33\r\nD: 44\r\n"));
    std::span<Field> fields = result->fields.all();
    fields[1].value = "new";
    fields[2].value.remove_suffix(1);
    fields[3].value.remove_prefix(1);
    fields[4].name = "X";
    EXPECT_EQ(
        written(*result.head, {}),
        "GET /a HTTP/1.1\r\nhost: a\r\nA: new\r\nB: 2\r\nC: 3\r\nX: 44\r\n\r\n"
    );
}

TEST(WriteRequest, ChosenTargetAndAuthority) {
    const RequestResult result(get_with(""));
    std::string out(1024, '\0');
    HeadWriter writer(out.data(), out.size());
    write_request(writer, *result.head, "/new?x", "other:1", {});
    EXPECT_EQ(writer.text(), "GET /new?x HTTP/1.1\r\nhost: other:1\r\n\r\n");
}

TEST(WriteRequest, TooSmallABufferIsSaid) {
    const RequestResult result(get_with("A: 1\r\nB: 2\r\n"));
    const size_t size = written(*result.head, {}).size();
    for (size_t room = 0; room <= size; ++room) {
        const std::unique_ptr<char[]> out(new char[room]);
        HeadWriter writer(out.get(), room);
        write_request(writer, *result.head, "/a", "a", {});
        EXPECT_EQ(writer.ok(), room == size) << room;
    }
}

TEST(WriteResponse, StatusFieldsFraming) {
    const ResponseResult result(
        "HTTP/1.0 404 Not  Found\r\nServer: s\r\nContent-Length: 3\r\nConnection: "
        "close\r\nX:y\r\n\r\n"
    );
    EXPECT_EQ(
        written(*result.head, result->body),
        "HTTP/1.1 404 Not  Found\r\nServer: s\r\nX: y\r\ncontent-length: 3\r\n\r\n"
    );
    EXPECT_EQ(
        written(*result.head, {.kind = Framing::chunked}, true),
        "HTTP/1.1 404 Not  Found\r\nServer: s\r\nX: y\r\ntransfer-encoding: chunked\r\nconnection: "
        "close\r\n\r\n"
    );
    EXPECT_EQ(
        written(*result.head, {.kind = Framing::until_close}, true),
        "HTTP/1.1 404 Not  Found\r\nServer: s\r\nX: y\r\nconnection: close\r\n\r\n"
    );
}

TEST(WriteResponse, LengthIsKeptOnlyWhereItMayBe) {
    const auto kept = [](std::string_view status, bool to_head) {
        const ResponseResult result(
            "HTTP/1.1 " + std::string(status) + " x\r\nContent-Length: 7\r\n\r\n", to_head
        );
        EXPECT_EQ(
            written(*result.head, result->body).find("ontent-"),
            result->body.kind == Framing::none ? std::string::npos : 17u
        );
        return written(*result.head, result->body, false, true).find("content-length: 7\r\n") !=
               std::string::npos;
    };
    EXPECT_TRUE(kept("200", true));
    EXPECT_TRUE(kept("304", false));
    EXPECT_FALSE(kept("204", false));
    EXPECT_FALSE(kept("100", false));
    EXPECT_FALSE(kept("103", true));
    // Never two of them.
    const ResponseResult result(ok_with("Content-Length: 7\r\n"));
    EXPECT_EQ(
        written(*result.head, result->body, false, true),
        "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"
    );
}

// Whatever the gate accepts, what we write of it reads the same to the gate.
TEST(RoundTrip, WrittenRequestsParseToTheSame) {
    for (const std::string_view text : {
             "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
             "GET //x/../y%7e?q=%2f HTTP/1.1\r\nHost: A.b.:80\r\nX:1\r\nY: \t2\t \r\n\r\n",
             "POST http://a/b HTTP/1.1\r\nhost:a\r\nContent-Length: 5\r\n\r\n",
             "PUT /x HTTP/1.1\r\nHost: [::1]:8\r\nTransfer-Encoding: CHUNKED\r\nTrailer: z\r\n\r\n",
             "M-SEARCH /x HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^`|~: \x80 \xff\r\nEmpty:\r\n\r\n",
             "GET /x HTTP/1.1\r\nHost: a\r\nConnection: x-a, close\r\nX-A: 1\r\nX-B: 2\r\nX-B: "
             "3\r\n\r\n",
             "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
         }) {
        SCOPED_TRACE(text);
        const RequestResult first(text);
        ASSERT_EQ(first.state, Parse::complete);
        ASSERT_EQ(strip_hop_by_hop(first->fields), Reason::ok);
        const RequestResult second(written(*first.head, first->body));
        ASSERT_EQ(second.state, Parse::complete) << reason_text(second.reason);
        EXPECT_EQ(second->method, first->method);
        EXPECT_EQ(second->target, first->target);
        EXPECT_EQ(second->path, first->path);
        EXPECT_EQ(second->host, first->host);
        EXPECT_EQ(second->body.kind, first->body.kind);
        EXPECT_EQ(second->body.length, first->body.length);
        std::vector<std::pair<std::string_view, std::string_view>> fields[2];
        for (const RequestResult* each : {&first, &second}) {
            constexpr FieldSet kRewritten =
                field_set({FieldId::host, FieldId::content_length, FieldId::transfer_encoding});
            for (const Field& field : (*each)->fields.all()) {
                if (field.dropped || in_set(kRewritten, field.id)) continue;
                fields[each == &second].emplace_back(field.name, field.value);
            }
        }
        EXPECT_EQ(fields[0], fields[1]);
        EXPECT_EQ(written(*second.head, second->body), written(*first.head, first->body));
    }
}

}  // namespace
}  // namespace sluice::http
