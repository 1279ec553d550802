// What is escaped, what stays, and that the fast path sees every byte that is not plain.
#include "proxy/steward/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace sluice::steward {
namespace {

std::string escaped(std::string_view text) {
    std::string out(kEscapedBytes * text.size() + kEscapeSlackBytes, '#');
    out.resize(static_cast<size_t>(escape(out.data(), text) - out.data()));
    return out;
}

TEST(JsonText, PlainTextOfEveryLengthStays) {
    std::string text;
    for (char c = 'a'; c <= 'z'; ++c) {
        EXPECT_EQ(escaped(text), text);
        text += c;
    }
}

TEST(JsonText, EveryAsciiByteAtEveryPlaceOfAWord) {
    for (int byte = 0; byte < 128; ++byte) {
        for (size_t at = 0; at < 16; ++at) {
            std::string text(16, 'x');
            text[at] = static_cast<char>(byte);
            const std::string line = '"' + escaped(text) + '"';
            ASSERT_EQ(nlohmann::json::parse(line), text) << byte << " at " << at;
            const bool special = byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\';
            ASSERT_EQ(line.size() > text.size() + 2, special) << byte;
        }
    }
}

TEST(JsonText, Escapes) {
    EXPECT_EQ(escaped("\"\\\b\t\n\f\r"), R"(\"\\\b\t\n\f\r)");
    EXPECT_EQ(escaped(std::string_view("\0\x1b\x7f", 3)), R"(\u0000\u001b\u007f)");
}

TEST(JsonText, ValidUtf8Stays) {
    for (const char* text : {"caf\u00e9", "\u65e5\u672c", "\U0001f600", "\ufffd", "\u07ff\u0800"}) {
        EXPECT_EQ(escaped(text), text);
    }
    EXPECT_EQ(escaped("\xf4\x8f\xbf\xbf"), "\xf4\x8f\xbf\xbf") << "the last of all characters";
}

TEST(JsonText, CharactersThatTerminalsAndReadersTakeForALineOrACommand) {
    EXPECT_EQ(escaped("\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0"), "\\u0080\\u0085\\u009f\xc2\xa0");
    EXPECT_EQ(escaped("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\\u2028\\u2029\xe2\x80\xaa");
}

TEST(JsonText, EachByteThatIsNotUtf8) {
    EXPECT_EQ(escaped("\xff"), R"(\ufffd)");
    EXPECT_EQ(escaped("a\x80z"), R"(a\ufffdz)");
    EXPECT_EQ(escaped("\xc0\xaf"), R"(\ufffd\ufffd)") << "overlong";
    EXPECT_EQ(escaped("\xe0\x80\xaf"), R"(\ufffd\ufffd\ufffd)") << "overlong";
    EXPECT_EQ(escaped("\xf0\x80\x80\xaf"), R"(\ufffd\ufffd\ufffd\ufffd)") << "overlong";
    EXPECT_EQ(escaped("\xed\xa0\x80"), R"(\ufffd\ufffd\ufffd)") << "a surrogate";
    EXPECT_EQ(escaped("\xf4\x90\x80\x80"), R"(\ufffd\ufffd\ufffd\ufffd)") << "beyond the last";
    EXPECT_EQ(escaped("\xe2\x82"), R"(\ufffd\ufffd)") << "cut at the end";
    EXPECT_EQ(escaped("\xe2\x82z"), R"(\ufffd\ufffdz)") << "cut in the middle";
}

}  // namespace
}  // namespace sluice::steward
