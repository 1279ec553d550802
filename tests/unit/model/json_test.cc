// Tests JSON text to Value: types, places, and what is refused.
#include "controller/model/json.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::model {
namespace {

Value good(std::string_view text) {
    auto value = parse_json(text, "a.json");
    if (!value) ADD_FAILURE() << to_string(value.error());
    return value ? std::move(*value) : Value{};
}

std::string bad(std::string_view text) {
    const auto value = parse_json(text, "a.json");
    return value ? "no problem" : to_string(value.error());
}

std::string nested(size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Json, EveryType) {
    const Value value =
        good(R"({"n":null,"t":true,"f":false,"i":-7,"d":1.5,"s":"é\u00e9","l":[1],"m":{}})");
    EXPECT_EQ(value.find("n")->kind, Value::Kind::null);
    EXPECT_TRUE(value.find("t")->boolean);
    EXPECT_FALSE(value.find("f")->boolean);
    EXPECT_EQ(value.find("f")->kind, Value::Kind::boolean);
    EXPECT_EQ(value.find("i")->integer, -7);
    EXPECT_EQ(value.find("d")->number, 1.5);
    EXPECT_EQ(value.find("s")->string, "éé");
    EXPECT_EQ(value.find("l")->list.at(0).integer, 1);
    EXPECT_EQ(value.find("m")->kind, Value::Kind::map);
    EXPECT_EQ(value.find("absent"), nullptr);
}

TEST(Json, IntegersBeyond64BitsAreNumbers) {
    EXPECT_EQ(good("9223372036854775807").integer, INT64_MAX);
    EXPECT_EQ(good("9223372036854775808").kind, Value::Kind::number);
    EXPECT_EQ(good("-9223372036854775808").integer, INT64_MIN);
    EXPECT_EQ(good("1e3").kind, Value::Kind::number);
}

TEST(Json, EveryNodeHasItsPlace) {
    const Value value =
        good("{\n  \"a\": 12,\n  \"long key\": [ true,\n    {\"x\\\"y\":\"z\"} ]\n}");
    EXPECT_EQ(value.place.line, 1);
    EXPECT_EQ(value.place.column, 1);
    EXPECT_EQ(value.key_places.at(0).line, 2);
    EXPECT_EQ(value.key_places.at(0).column, 3);
    EXPECT_EQ(value.find("a")->place.column, 8);
    const Value& list = *value.find("long key");
    EXPECT_EQ(list.place.line, 3);
    EXPECT_EQ(list.place.column, 15);
    EXPECT_EQ(list.list.at(0).place.column, 17);
    EXPECT_EQ(list.list.at(1).place.line, 4);
    EXPECT_EQ(list.list.at(1).place.column, 5);
    EXPECT_EQ(list.list.at(1).key_places.at(0).column, 6);
    EXPECT_EQ(list.list.at(1).find("x\"y")->place.column, 13);
}

TEST(Json, AKeyThatStandsTwiceIsRefusedWhereItStands) {
    EXPECT_EQ(
        bad("{\"a\":1,\n \"a\":2}"), "a.json:2:2: the key \"a\" stands twice in this map: keep one"
    );
    // Escapes do not hide it; another map may have the same key.
    EXPECT_NE(bad(R"({"a":1,"\u0061":2})"), "no problem");
    EXPECT_EQ(bad(R"({"a":{"a":{"a":1}},"b":{"a":1}})"), "no problem");
}

TEST(Json, SyntaxErrorsNameTheLine) {
    EXPECT_EQ(bad("{\n\"a\": }"), "a.json:2:6: is not valid JSON here");
    for (const char* text :
         {"", "{", "[1,]", "{\"a\"}", "nul", "01", "1 2", "'a'", "\"\n\"", "[1}", "NaN", "//x\n1"
         }) {
        EXPECT_NE(bad(text), "no problem") << text;
    }
}

TEST(Json, BadUtf8IsRefused) {
    EXPECT_NE(bad("\"\xff\""), "no problem");
    EXPECT_NE(bad("\"\xc0\x80\""), "no problem");
    EXPECT_NE(bad("\"\\ud800\""), "no problem");
}

TEST(Json, DepthHasALimit) {
    EXPECT_EQ(bad(nested(limits::kManifestDepth)), "no problem");
    EXPECT_EQ(
        bad(nested(limits::kManifestDepth + 1)), "a.json:1:65: is nested deeper than 64 levels"
    );
    EXPECT_NE(bad(std::string(200'000, '[')), "no problem");
    std::string maps;
    for (int i = 0; i < 200'000; ++i) maps += "{\"a\":";
    EXPECT_EQ(bad(maps), "a.json:1:321: is nested deeper than 64 levels");
}

TEST(Json, NodesHaveALimit) {
    const auto list = [](size_t items) {
        std::string text = "[";
        for (size_t i = 0; i < items; ++i) text += i == 0 ? "1" : ",1";
        return text + "]";
    };
    EXPECT_EQ(bad(list(limits::kManifestNodes - 1)), "no problem");
    EXPECT_NE(bad(list(limits::kManifestNodes)), "no problem");
}

TEST(Json, BytesHaveALimit) {
    std::string text = "\"\"";
    text.insert(1, std::string(limits::kManifestBytes - 2, 'a'));
    EXPECT_EQ(bad(text), "no problem");
    text.insert(1, "a");
    EXPECT_EQ(bad(text), "a.json: has more than 4194304 bytes: split it");
}

}  // namespace
}  // namespace sluice::model
