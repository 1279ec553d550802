// Tests YAML to documents: places, duplicates, aliases, and hostile shapes at their bounds.
#include "controller/files/yaml.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::files {
namespace {

using model::Value;

std::vector<Value> good(const std::string& text) {
    auto documents = parse_yaml(text, "a.yaml");
    if (!documents) ADD_FAILURE() << to_string(documents.error());
    return documents ? std::move(*documents) : std::vector<Value>{};
}

std::string bad(const std::string& text) {
    const auto documents = parse_yaml(text, "a.yaml");
    return documents ? "no problem" : to_string(documents.error());
}

std::string place(const model::Place& at) {
    return std::to_string(at.line) + ":" + std::to_string(at.column);
}

TEST(Yaml, EveryNodeHasItsPlace) {
    const auto documents = good(
        "# comment\n"
        "kind: Ingress\n"
        "spec:\n"
        "  rules:\n"
        "  - host: a.com\n"
        "    flow: {x: [1, \"two\"]}\n"
    );
    ASSERT_EQ(documents.size(), 1u);
    const Value& root = documents[0];
    EXPECT_EQ(place(root.place), "2:1");
    EXPECT_EQ(place(root.find("kind")->place), "2:7");
    EXPECT_EQ(place(root.key_places[1]), "3:1");
    const Value& rule = root.find("spec")->find("rules")->list.at(0);
    EXPECT_EQ(place(rule.place), "5:5");
    EXPECT_EQ(place(rule.key_places[1]), "6:5");
    const Value& list = *rule.find("flow")->find("x");
    EXPECT_EQ(place(list.place), "6:15");
    EXPECT_EQ(place(list.list.at(1).place), "6:19");
}

TEST(Yaml, QuotesMakeText) {
    const auto documents =
        good("a: \"1\"\nb: 'no'\nc: 1\nd: \"\"\ne:\nf: |\n  10\ng: !!str 5\nh: '010'\n");
    const Value& root = documents.at(0);
    EXPECT_EQ(root.find("a")->string, "1");
    EXPECT_EQ(root.find("b")->string, "no");
    EXPECT_FALSE(root.find("b")->ambiguous);
    EXPECT_EQ(root.find("c")->integer, 1);
    EXPECT_EQ(root.find("d")->kind, Value::Kind::string);
    EXPECT_EQ(root.find("e")->kind, Value::Kind::null);
    EXPECT_EQ(root.find("f")->string, "10\n");
    EXPECT_EQ(root.find("g")->string, "5");
    EXPECT_FALSE(root.find("h")->ambiguous);
}

TEST(Yaml, KeysAreAlwaysText) {
    const auto documents = good("on: 1\n80: 2\n\"true\": 3\n");
    EXPECT_EQ(documents.at(0).find("on")->integer, 1);
    EXPECT_EQ(documents.at(0).find("80")->integer, 2);
    EXPECT_EQ(documents.at(0).find("true")->integer, 3);
    EXPECT_EQ(bad("? [a]\n: b\n"), "a.yaml:1:3: a key must be text; is a bracket left open?");
    EXPECT_EQ(bad("? {a: b}\n: b\n"), "a.yaml:1:3: a key must be text; is a bracket left open?");
    EXPECT_NE(bad("~: b\n"), "no problem");
}

TEST(Yaml, DocumentsInOrderEmptyOnesLeftOut) {
    const auto documents = good("---\n# nothing\n---\na: 1\n---\n---\nb: 2\n...\n");
    ASSERT_EQ(documents.size(), 2u);
    EXPECT_EQ(documents[0].find("a")->integer, 1);
    EXPECT_EQ(documents[1].find("b")->integer, 2);
    EXPECT_TRUE(good("").empty());
    EXPECT_TRUE(good("# only words\n").empty());
}

TEST(Yaml, LineEndsOfWindowsAndAByteOrderMark) {
    const auto documents = good(
        "\xef\xbb\xbf"
        "a: 1\r\nb: x\r\n"
    );
    EXPECT_EQ(documents.at(0).find("a")->integer, 1);
    EXPECT_EQ(documents.at(0).find("b")->string, "x");
    EXPECT_EQ(place(documents.at(0).key_places.at(1)), "2:1");
}

TEST(Yaml, AKeyThatStandsTwiceIsRefusedWhereItStands) {
    EXPECT_EQ(
        bad("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"),
        "a.yaml:5:3: the key \"c\" stands twice in this map: keep one"
    );
    EXPECT_EQ(
        bad("{a: 1, 'a': 2}"), "a.yaml:1:8: the key \"a\" stands twice in this map: keep one"
    );
    EXPECT_EQ(bad("- a: 1\n- a: 2\n"), "no problem");
    EXPECT_EQ(bad("a: {a: {a: 1}}\n---\na: 1\n"), "no problem");
}

TEST(Yaml, AliasesRepeatTheirValue) {
    const auto documents = good("a: &x {p: [1, 2]}\nb: *x\nc: &x 7\nd: *x\n");
    EXPECT_EQ(documents.at(0).find("b")->find("p")->list.at(1).integer, 2);
    EXPECT_EQ(documents.at(0).find("d")->integer, 7) << "the newer anchor of a name counts";
    EXPECT_EQ(good("&k key: 1\nother: *k\n").at(0).find("other")->string, "key");
}

TEST(Yaml, AliasesToNothingOrToThemselvesAreRefused) {
    EXPECT_EQ(
        bad("a: *x\n"), "a.yaml:1:4: is not valid YAML: the referenced anchor is not defined"
    );
    EXPECT_EQ(
        bad("a: &x [1, *x]\n"), "a.yaml:1:11: an alias stands inside the value that it repeats"
    );
    EXPECT_NE(bad("a: &x 1\n---\nb: *x\n"), "no problem") << "anchors end with their document";
}

TEST(Yaml, ABillionLaughsAreRefused) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) text += (j == 0 ? "" : ", ") + before;
        text += "]\n";
    }
    EXPECT_NE(bad(text).find("more than 1000000 values, aliases counted"), std::string::npos)
        << bad(text);
}

TEST(Yaml, ABillionBytesByFewAliasesAreRefused) {
    std::string text = "a: &a " + std::string(1024 * 1024, 'x') + "\nb:\n";
    for (int i = 0; i < 13; ++i) text += "- *a\n";
    EXPECT_EQ(bad(text), "no problem");  // with the value and what the anchor keeps: 15 MiB
    text += "- *a\n";
    EXPECT_NE(bad(text).find("more than 16777216 bytes of text"), std::string::npos);
}

TEST(Yaml, AliasesCountTowardsTheDepth) {
    const auto text = [](size_t below) {
        const std::string inner = std::string(32, '[') + std::string(32, ']');
        return "- &a " + inner + "\n- " + std::string(below, '[') + "*a" + std::string(below, ']') +
               "\n";
    };
    EXPECT_EQ(bad(text(limits::kManifestDepth - 33)), "no problem");
    EXPECT_NE(bad(text(limits::kManifestDepth - 32)), "no problem");
}

TEST(Yaml, DepthHasALimit) {
    const auto nested = [](size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_EQ(bad(nested(limits::kManifestDepth)), "no problem");
    EXPECT_EQ(bad(nested(limits::kManifestDepth + 1)), "a.yaml:1:65: nested deeper than 64 levels");
    std::string blocks;
    for (int i = 0; i < 200'000; ++i) blocks += "- ";
    for (const std::string& text :
         {std::string(200'000, '['), std::string(200'000, '{'), nested(200'000), blocks}) {
        EXPECT_NE(bad(text), "no problem");
    }
}

TEST(Yaml, NodesHaveALimit) {
    // A list of 998 items is 999 nodes: once where it stands, once kept by its anchor, once for
    // each alias. With the outer list that makes a million.
    std::string text = "- &a [";
    for (int i = 0; i < 998; ++i) text += "1,";
    text += "]\n";
    for (int i = 0; i < 999; ++i) text += "- *a\n";
    static_assert(limits::kManifestNodes == 1 + 999 * (2 + 999));
    EXPECT_EQ(bad(text), "no problem");
    text += "- 1\n";
    EXPECT_EQ(
        bad(text), "a.yaml:1001:3: more than 1000000 values, aliases counted: split the file"
    );
}

TEST(Yaml, DocumentsHaveALimit) {
    const auto documents = [](size_t count) {
        std::string text;
        for (size_t i = 0; i < count; ++i) text += "--- a\n";
        return text;
    };
    EXPECT_EQ(bad(documents(limits::kManifestDocuments)), "no problem");
    EXPECT_NE(bad(documents(limits::kManifestDocuments + 1)), "no problem");
}

TEST(Yaml, SyntaxErrorsNameLineAndColumn) {
    EXPECT_EQ(
        bad("a: *x\n\n"), "a.yaml:1:4: is not valid YAML: the referenced anchor is not defined"
    );
    EXPECT_NE(bad("a: b: c\n"), "no problem");
    EXPECT_NE(bad("a: 1\n  b: 2\n"), "no problem");
    EXPECT_EQ(bad("a: \"\\é\"\n"), "a.yaml:1:7: is not valid YAML: unknown escape character: ?");
    EXPECT_NE(bad("%YAML 1.2 junk\n---\na"), "no problem");
}

TEST(Yaml, ATabThatIndentsIsNamed) {
    const std::string words = ": is not valid YAML: a tab may not indent: use spaces";
    EXPECT_EQ(bad("a:\n\tb: 1\n"), "a.yaml:2:1" + words);
    EXPECT_EQ(bad("a:\n  b:\n  \tc: 1\n"), "a.yaml:3:3" + words);
    EXPECT_EQ(bad("a:\n\tb: 1\n\tc: 2\nd: 3\n"), "a.yaml:2:1" + words);
    // A tab elsewhere is not to blame.
    EXPECT_EQ(bad("a: |\n  x\n  \ty\nb: 1\nc: 2\nd: \"\\q\"\n").find("tab"), std::string::npos);
    EXPECT_EQ(bad("a: {b: 1,\n\tc: 2}\n"), "no problem");
    EXPECT_EQ(bad("a:\tx\n\n"), "no problem");
    // yaml-cpp refuses it even on a line of its own.
    EXPECT_EQ(bad("a: x\n\t\nb: 1\n"), "a.yaml:2:1" + words);
}

// What a writer leaves behind half-way must not pass for a shorter file.
TEST(Yaml, TextThatEndsTooSoonIsRefused) {
    for (const char* text :
         {"a: \"open\n",
          "a: 'open",
          "a: \"open\nb: 1\n",
          "a: [1, 2\n",
          "a: {b: c,",
          "[",
          "a: \"x\\",
          "a: &",
          "a: *"}) {
        EXPECT_NE(bad(text), "no problem") << text;
    }
    EXPECT_EQ(bad("a: 1\nlone\n"), "a.yaml:2:1: the key \"lone\" has no value");
    EXPECT_EQ(bad("a:\n  b: 1\n  lone"), "a.yaml:3:3: the key \"lone\" has no value");
    EXPECT_EQ(bad("a: 1\nlone:\n"), "no problem");
    EXPECT_EQ(bad("? a\n"), "no problem");
    EXPECT_EQ(bad("a: \"over\n  two lines\"\n"), "no problem");
}

TEST(Yaml, TagsOfOtherTypesAreRefused) {
    EXPECT_EQ(bad("a: !Ref b\n"), "a.yaml:1:4: the tag \"!Ref\" is not supported: remove it");
    EXPECT_NE(bad("a: !!binary aGk=\n"), "no problem");
    EXPECT_NE(bad("a: !Map {b: c}\n"), "no problem");
    EXPECT_EQ(bad("a: !!map {b: !!seq [c]}\n"), "no problem");
}

}  // namespace
}  // namespace sluice::files
