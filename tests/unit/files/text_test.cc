// Tests which bytes a manifest may hold.
#include "controller/files/text.h"

#include <gtest/gtest.h>

namespace sluice::files {
namespace {

std::string bad(std::string_view text) {
    const auto problem = find_bad_byte(text, "a.yaml");
    return problem ? to_string(*problem) : "fine";
}

TEST(Text, TextIsFine) {
    EXPECT_EQ(bad(""), "fine");
    EXPECT_EQ(bad("a\tb\r\nc\n"), "fine");
    EXPECT_EQ(
        bad("\xef\xbb\xbf"
            "a: é – 日本 🎈\n"),
        "fine"
    );
    EXPECT_EQ(
        bad("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), "fine"
    );
}

TEST(Text, ControlBytesAreNamedWithTheirPlace) {
    EXPECT_EQ(
        bad(std::string_view("a\nbé\0c", 6)),
        "a.yaml:2:3: the byte 0x00 is a control byte: remove it"
    );
    // yaml-cpp would take this one for the end of the file.
    EXPECT_EQ(bad("a: b\x04\nc: d"), "a.yaml:1:5: the byte 0x04 is a control byte: remove it");
    for (int byte = 0; byte < 0x20; ++byte) {
        const bool fine = byte == '\t' || byte == '\n' || byte == '\r';
        EXPECT_EQ(bad(std::string(1, static_cast<char>(byte))) == "fine", fine) << byte;
    }
    EXPECT_NE(bad("\x7f"), "fine");
}

TEST(Text, MalformedUtf8IsNamedWithItsPlace) {
    EXPECT_EQ(bad("a\n\xff"), "a.yaml:2:1: the byte 0xff is not UTF-8: save the file as UTF-8");
    for (const char* text :
         {"\x80",
          "\xc0\x80",
          "\xc1\xbf",
          "\xe0\x9f\xbf",
          "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80",
          "\xc3",
          "\xe2\x82",
          "\xf0\x9f\x8e",
          "\xc3(",
          "\xe2(\x82",
          "\xf0\x9f(\x88",
          "\xff\xfe"
          "a"}) {
        EXPECT_NE(bad(text), "fine");
    }
}

}  // namespace
}  // namespace sluice::files
