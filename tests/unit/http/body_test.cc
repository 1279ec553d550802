// The body scanner: every framing, every cut, every limit, and what trailers may carry.
#include "proxy/http/body.h"

#include <gtest/gtest.h>

#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

using std::string_view_literals::operator""sv;

struct Outcome {
    std::string payload;
    std::string trailers;
    Reason reason = Reason::ok;
    bool ended = false;
    size_t consumed = 0;
};

// Feeds `text` in pieces of `step` bytes, each in memory of its own.
Outcome scan(BodyFraming framing, std::string_view text, size_t step) {
    BodyScanner scanner;
    scanner.start(framing);
    Outcome outcome;
    size_t at = 0;
    while (at < text.size() && !scanner.ended()) {
        const Alone piece(text.substr(at, step));
        std::string_view rest = piece.view();
        while (!rest.empty() && !scanner.ended()) {
            const BodyScanner::Step taken = scanner.next(rest);
            outcome.payload += taken.payload;
            outcome.consumed += taken.consumed;
            if (taken.reason != Reason::ok) {
                outcome.reason = taken.reason;
                return outcome;
            }
            EXPECT_GT(taken.consumed, 0u) << "no progress";
            if (taken.consumed == 0) return outcome;
            rest.remove_prefix(taken.consumed);
        }
        at += piece.view().size() - rest.size();
    }
    outcome.ended = scanner.ended();
    outcome.trailers = scanner.trailers();
    return outcome;
}

Outcome chunks(std::string_view text, size_t step = std::string_view::npos) {
    return scan({.kind = Framing::chunked}, text, step);
}

TEST(Body, NoneIsOverAtOnce) {
    BodyScanner scanner;
    EXPECT_TRUE(scanner.ended());
    scanner.start({});
    EXPECT_TRUE(scanner.ended());
    EXPECT_EQ(scanner.next("GET ").consumed, 0u);
    EXPECT_TRUE(scanner.end_of_stream());
    scanner.start({.kind = Framing::length, .length = 0});
    EXPECT_TRUE(scanner.ended());
}

TEST(Body, LengthTakesExactlyThatMuch) {
    BodyScanner scanner;
    scanner.start({.kind = Framing::length, .length = 5});
    EXPECT_EQ(scanner.remaining(), 5u);
    EXPECT_FALSE(scanner.end_of_stream());
    BodyScanner::Step step = scanner.next("ab");
    EXPECT_EQ(step.payload, "ab");
    EXPECT_EQ(step.consumed, 2u);
    EXPECT_EQ(scanner.remaining(), 3u);
    EXPECT_FALSE(scanner.ended());
    step = scanner.next("");
    EXPECT_EQ(step.consumed, 0u);
    step = scanner.next("cdeGET ");
    EXPECT_EQ(step.payload, "cde");
    EXPECT_EQ(step.consumed, 3u);
    EXPECT_TRUE(scanner.ended());
    EXPECT_TRUE(scanner.end_of_stream());
    EXPECT_EQ(scanner.remaining(), 0u);
    EXPECT_EQ(scanner.next("GET ").consumed, 0u);
}

TEST(Body, LengthBeyondOneSpan) {
    BodyScanner scanner;
    scanner.start({.kind = Framing::length, .length = limits::kBodyBytes});
    EXPECT_EQ(scanner.next(std::string(1000, 'x')).consumed, 1000u);
    EXPECT_EQ(scanner.remaining(), limits::kBodyBytes - 1000);
}

TEST(Body, UntilCloseTakesAllAndEndsWithTheStream) {
    BodyScanner scanner;
    scanner.start({.kind = Framing::until_close});
    EXPECT_EQ(scanner.next("abc").payload, "abc");
    EXPECT_FALSE(scanner.ended());
    EXPECT_EQ(scanner.remaining(), 0u);
    EXPECT_EQ(scanner.next("\0def"sv).consumed, 4u);
    EXPECT_TRUE(scanner.end_of_stream());
    EXPECT_TRUE(scanner.ended());
    EXPECT_EQ(scanner.next("x").consumed, 0u);
}

TEST(Body, SpansPointIntoTheBytesGiven) {
    BodyScanner scanner;
    scanner.start({.kind = Framing::chunked});
    const std::string_view text = "3\r\nabc\r\n0\r\n\r\nGET ";
    const BodyScanner::Step step = scanner.next(text);
    EXPECT_EQ(step.payload.data(), text.data() + 3);
    EXPECT_EQ(step.payload.size(), 3u);
    EXPECT_EQ(step.consumed, text.size() - 4)
        << "the last chunk comes with the payload in front of it";
    EXPECT_TRUE(scanner.ended());
}

struct ChunkCase {
    std::string_view text;
    std::string_view payload;
};

constexpr ChunkCase kGood[] = {
    {"0\r\n\r\n", ""},
    {"00\r\n\r\n", ""},
    {"0000000000000000\r\n\r\n", ""},
    {"1\r\na\r\n0\r\n\r\n", "a"},
    {"0000000000000001\r\na\r\n0\r\n\r\n", "a"},
    {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"0a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef"},
    {"1F\r\n0123456789abcdef0123456789abcde\r\n0\r\n\r\n", "0123456789abcdef0123456789abcde"},
    {"1f\r\n0123456789abcdef0123456789abcde\r\n0\r\n\r\n", "0123456789abcdef0123456789abcde"},
    {"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", "abcde"},
    {"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"},
    {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n"},
    {"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"},
    {"3\r\n\0\xff\n\r\n0\r\n\r\n"sv, "\0\xff\n"sv},
    {"1;\r\na\r\n0\r\n\r\n", "a"},
    {"1;x\r\na\r\n0\r\n\r\n", "a"},
    {"1;x=y\r\na\r\n0\r\n\r\n", "a"},
    {"1;x=\"y;z\"\r\na\r\n0\r\n\r\n", "a"},
    {"1; x = y ;z\r\na\r\n0\r\n\r\n", "a"},
    {"1;\tx\r\na\r\n0\r\n\r\n", "a"},
    {"1;\x80\xff\r\na\r\n0\r\n\r\n", "a"},
    {"1\r\na\r\n0;last\r\n\r\n", "a"},
    {"1;x\r\na\r\n1;y\r\nb\r\n0\r\n\r\n", "ab"},
};

constexpr std::string_view kBad[] = {
    "\r\n",
    "\n",
    " \r\n",
    " 1\r\na\r\n",
    "\t1\r\na\r\n",
    "1 \r\na\r\n",
    "1\t\r\na\r\n",
    "1 ;x\r\na\r\n",
    "1 1\r\na\r\n",
    "g\r\n",
    "1g\r\n",
    "/\r\n",
    ":\r\n",
    "@\r\n",
    "`\r\n",
    "G\r\n",
    "0x1\r\n",
    "x1\r\n",
    "#1\r\n",
    "+1\r\n",
    "-1\r\n",
    "-0\r\n",
    "1.0\r\n",
    "1,\r\n",
    "1_0\r\n",
    "1h\r\n",
    "\"1\"\r\n",
    "\xb1\r\n",
    "1\x80\r\n",
    "1\0\r\n"sv,
    "\0"sv,
    "00000000000000000\r\n",
    "00000000000000001\r\n",
    "10000000000000000\r\n",
    ";\r\n",
    ";x\r\n",
    "1\n",
    "1\rX",
    "1\r\r\n",
    "1\r \n",
    "1;x\n",
    "1;x\rX",
    "1;x\r\r\n",
    "1;x\0\r\n"sv,
    "1;\x01\r\n",
    "1;\x1f\r\n",
    "1;\x7f\r\n",
    "1;x=\"\n\"\r\n",
    "1\r\nab",
    "1\r\na\n",
    "1\r\na\rX",
    "1\r\na\r\r\n",
    "1\r\na \r\n",
    "1\r\na0\r\n",
    "1\r\na\r\n\r\n",
    "1\r\na\r\n\n",
    "1\r\na\r\n 0\r\n",
    "1\r\na\r\nx\r\n",
    "2\r\na\r\n0\r\n\r\n",
    "0\n",
    "0\rX",
    "0 \r\n",
    "-0\r\n\r\n",
    "0x0\r\n\r\n",
    "ffffffffffffffffg\r\n",
};

TEST(Body, GoodChunksAtEveryCut) {
    for (const auto& [text, payload] : kGood) {
        for (size_t step = 1; step <= text.size(); ++step) {
            SCOPED_TRACE(std::string(text) + " by " + std::to_string(step));
            const Outcome outcome = chunks(text, step);
            EXPECT_EQ(outcome.reason, Reason::ok);
            EXPECT_TRUE(outcome.ended);
            EXPECT_EQ(outcome.payload, payload);
            EXPECT_EQ(outcome.consumed, text.size());
            EXPECT_EQ(outcome.trailers, "");
        }
    }
}

TEST(Body, BadChunksAtEveryCut) {
    for (const std::string_view text : kBad) {
        for (size_t step = 1; step <= text.size(); ++step) {
            SCOPED_TRACE(std::string(text) + " by " + std::to_string(step));
            EXPECT_EQ(chunks(text, step).reason, Reason::bad_chunk);
        }
    }
}

TEST(Body, EveryPrefixOfAGoodBodyWaits) {
    for (const auto& [text, payload] : kGood) {
        for (size_t size = 0; size < text.size(); ++size) {
            const Outcome outcome = chunks(text.substr(0, size));
            EXPECT_EQ(outcome.reason, Reason::ok);
            EXPECT_FALSE(outcome.ended);
            EXPECT_TRUE(payload.starts_with(outcome.payload));
        }
    }
}

TEST(Body, TheNextMessageIsLeftAlone) {
    EXPECT_EQ(chunks("1\r\na\r\n0\r\n\r\n0\r\n\r\n").consumed, 11u);
    EXPECT_EQ(chunks("0\r\nX: y\r\n\r\nGET /").consumed, 11u);
}

TEST(Body, ATruncatedBodyIsNoLawfulEnd) {
    for (const std::string_view text :
         {"", "5", "5\r\nab", "5\r\nhello\r\n", "0\r\n", "0\r\nX: y\r\n", "0\r\n\r"}) {
        BodyScanner scanner;
        scanner.start({.kind = Framing::chunked});
        scanner.next(text);
        scanner.next(text.substr(std::min<size_t>(text.size(), 3)));
        EXPECT_FALSE(scanner.end_of_stream()) << text;
    }
}

TEST(Body, BrokenStaysBroken) {
    BodyScanner scanner;
    scanner.start({.kind = Framing::chunked});
    EXPECT_EQ(scanner.next("x").reason, Reason::bad_chunk);
    EXPECT_EQ(scanner.next("0\r\n\r\n").reason, Reason::bad_chunk);
    EXPECT_FALSE(scanner.ended());
    EXPECT_FALSE(scanner.end_of_stream());
    scanner.start({.kind = Framing::chunked});
    EXPECT_EQ(scanner.next("0\r\n\r\n").reason, Reason::ok);
    EXPECT_TRUE(scanner.ended());
}

TEST(Body, ExtensionBytesUpToTheLimit) {
    const auto with_extension = [](size_t bytes) {
        return "1;" + std::string(bytes - 1, 'x') + "\r\na\r\n0\r\n\r\n";
    };
    EXPECT_EQ(chunks(with_extension(limits::kChunkExtensionBytes)).payload, "a");
    EXPECT_EQ(chunks(with_extension(limits::kChunkExtensionBytes + 1)).reason, Reason::bad_chunk);
    // Each chunk has its own.
    std::string twice = "1;" + std::string(limits::kChunkExtensionBytes - 1, 'x') + "\r\na\r\n";
    EXPECT_EQ(chunks(twice + twice + "0\r\n\r\n").payload, "aa");
}

TEST(Body, SizesUpToTheLimit) {
    const auto head_of = [](uint64_t size) {
        char text[18];
        return std::string(text, write_chunk_head(text, size));
    };
    EXPECT_EQ(chunks(head_of(limits::kBodyBytes)).reason, Reason::ok);
    EXPECT_EQ(chunks(head_of(limits::kBodyBytes + 1)).reason, Reason::body_too_large);
    EXPECT_EQ(chunks("ffffffffffffffff\r\n").reason, Reason::body_too_large);
    EXPECT_EQ(chunks("8000000000000000\r\n").reason, Reason::body_too_large);
    // The limit is on the whole body.
    EXPECT_EQ(chunks("1\r\na\r\n" + head_of(limits::kBodyBytes - 1)).reason, Reason::ok);
    EXPECT_EQ(chunks("1\r\na\r\n" + head_of(limits::kBodyBytes)).reason, Reason::body_too_large);
}

TEST(Body, ChunkHeads) {
    const auto head_of = [](uint64_t size) {
        char text[18];
        return std::string(text, write_chunk_head(text, size));
    };
    EXPECT_EQ(head_of(0), "0\r\n");
    EXPECT_EQ(head_of(1), "1\r\n");
    EXPECT_EQ(head_of(15), "f\r\n");
    EXPECT_EQ(head_of(16), "10\r\n");
    EXPECT_EQ(head_of(0x1a2b), "1a2b\r\n");
    EXPECT_EQ(head_of(UINT64_MAX), "ffffffffffffffff\r\n");
    for (uint64_t size = 1; size < 70000; size += 97) {
        const Outcome outcome = chunks(
            head_of(size) + std::string(size, 'x') + std::string(kChunkEnd) +
            std::string(kLastChunk)
        );
        ASSERT_TRUE(outcome.ended);
        ASSERT_EQ(outcome.payload.size(), size);
    }
}

TEST(Body, ScannersMove) {
    BodyScanner first;
    first.start({.kind = Framing::chunked});
    first.next("1\r\na\r\n0\r\nX: y\r\n");
    BodyScanner second(std::move(first));
    second.next("\r\n");
    EXPECT_TRUE(second.ended());
    EXPECT_EQ(second.trailers(), "X: y\r\n");
}

}  // namespace
}  // namespace sluice::http
