// The small parts of a table: buckets, the path index, hashes, texts, keys and reasons.
#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "table/buckets.h"
#include "table/hash.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/path_index.h"
#include "table/pool.h"
#include "table/reason.h"
#include "table/routes_parts.h"
#include "table/text_rules.h"

namespace sluice::table {
namespace {

TEST(Buckets, top_bits) {
    EXPECT_EQ(bucket_of(~uint64_t{0}, 0), 0U);
    EXPECT_EQ(bucket_of(~uint64_t{0}, 3), 7U);
    EXPECT_EQ(bucket_of(uint64_t{1} << 63, 1), 1U);
    EXPECT_EQ(bucket_of(uint64_t{1} << 62, 1), 0U);
    EXPECT_EQ(bits_for(0), 0U);
    EXPECT_EQ(bits_for(1), 0U);
    EXPECT_EQ(bits_for(2), 1U);
    EXPECT_EQ(bits_for(1024), 10U);
    EXPECT_EQ(bits_for(1025), 11U);
    EXPECT_EQ(bits_for(~size_t{0}), kBucketBits);
}

TEST(Buckets, of_paths_are_few) {
    for (const size_t few : {0U, 1U, 4U}) EXPECT_EQ(path_bits_for(few), 0U);
    EXPECT_EQ(path_bits_for(5), 1U);
    EXPECT_EQ(path_bits_for(8), 1U);
    EXPECT_EQ(path_bits_for(9), 2U);
}

TEST(PathIndex, by_hand) {
    std::vector<PathEntry> entries{
        {"/v1/models", PathKind::exact, 0},
        {"/v1", PathKind::prefix, 1},
        {"/v1/chat", PathKind::prefix, 3},
        {"/v1/chat", PathKind::exact, 4},
        {"/v1/chat", PathKind::exact, 2},
        {"", PathKind::prefix, 5},
    };
    const PathIndex index = index_paths(entries);
    EXPECT_EQ(index.deepest, 2U);
    EXPECT_EQ(index.depths, depth_bit(0) | depth_bit(1) | depth_bit(2));
    ASSERT_EQ(index.paths.size(), 4U);
    EXPECT_TRUE(std::ranges::is_sorted(index.paths, {}, &IndexedPath::hash));
    std::vector<std::string_view> texts;
    for (const uint32_t i : index.order) texts.push_back(index.paths[i].text);
    EXPECT_EQ(texts, (std::vector<std::string_view>{"", "/v1", "/v1/chat", "/v1/models"}));
    const auto matches = index.paths[index.order[2]].matches;
    ASSERT_EQ(matches.size(), 3U);  // exact ones first, each kind in the caller's order
    EXPECT_EQ(matches[0].match, 2U);
    EXPECT_EQ(matches[1].match, 4U);
    EXPECT_EQ(matches[2].match, 3U);
    EXPECT_TRUE(index_paths({}).paths.empty());
}

TEST(Hash, tells_texts_apart) {
    std::set<uint32_t> seen;
    const std::vector<std::string> paths{"",           "/",          "//",          "/a",
                                         "/a/",        "/a/b",       "/ab",         "/aab",
                                         "/abb",       "/aa/b",      "/a//b",       "/12345678",
                                         "/12345678/", "/123456789", "/1234",       "/1234/567",
                                         "/1234567/8", "/12345670",  "/12345678/9", "/b/a"};
    for (const std::string& path : paths) seen.insert(hash_text(path));
    EXPECT_EQ(seen.size(), paths.size());
}

TEST(Hash, depths) {
    EXPECT_EQ(depth_of(""), 0U);
    EXPECT_EQ(depth_of("/"), 1U);
    EXPECT_EQ(depth_of("/a//b"), 3U);
    EXPECT_EQ(depth_bit(0), 1U);
    EXPECT_EQ(depth_bit(14), 1U << 14);
    EXPECT_EQ(depth_bit(15), 1U << 15);
    EXPECT_EQ(depth_bit(1024), 1U << 15);
}

// What Beginnings relies on: the rest of a text is its bytes, wherever it stands.
TEST(Hash, of_a_beginning_is_that_of_the_text) {
    const std::string text = "0123456789abcdefghijklmnopqrstuvwxyz";
    for (size_t length = 0; length <= text.size(); ++length) {
        uint64_t rest = 0;
        for (size_t i = length / kHashStep * kHashStep; i < length; ++i) {
            rest |= uint64_t{static_cast<uint8_t>(text[i])} << 8 * (i % kHashStep);
        }
        const std::string alone = text.substr(0, length);
        ASSERT_EQ(rest_of(alone), rest) << length;
    }
}

TEST(Hash, depends_on_every_byte) {
    std::set<uint32_t> seen;
    const std::string name(40, 'a');
    seen.insert(hash_text(name));
    for (size_t length = 0; length < name.size(); ++length) {
        std::string other = name;
        other[length] = 'b';
        seen.insert(hash_text(other));
        seen.insert(hash_text(name.substr(length + 1)));
    }
    EXPECT_EQ(seen.size(), 81U);
}

// Hosts and paths differ in few bytes; the index takes the top bits.
TEST(Hash, top_bits_are_spread) {
    std::vector<int> hosts(256);
    std::vector<int> paths(256);
    for (int i = 0; i < 25'600; ++i) {
        ++hosts[hash_text("h" + std::to_string(i)) >> 24];
        ++paths[hash_text("/team/" + std::to_string(i)) >> 24];
    }
    for (const auto& counts : {hosts, paths}) {
        const auto [fewest, most] = std::ranges::minmax_element(counts);
        EXPECT_GT(*fewest, 50);
        EXPECT_LT(*most, 160);
    }
}

TEST(Pool, a_text_has_one_place) {
    Pool pool;
    const Text first = pool.add("abc");
    EXPECT_EQ(pool.add("de"), (Text{3, 2}));
    EXPECT_EQ(pool.add(std::string_view("xabc").substr(1)), first);
    EXPECT_EQ(pool.add(""), Text{});
    EXPECT_EQ(pool.bytes(), "abcde");
    EXPECT_EQ(pool.append("abc"), (Text{5, 3}));
    EXPECT_EQ(pool.add("abc"), first);
    EXPECT_EQ(pool.append(""), Text{});
    std::vector<Text> places;
    for (int i = 0; i < 1000; ++i) places.push_back(pool.add(std::to_string(i)));
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(pool.add(std::to_string(i)), places[size_t(i)]);
}

TEST(TextNumbers, stay) {
    Texts texts;
    EXPECT_EQ(texts.number_of(""), 0U);
    const uint32_t first = texts.number_of("/a");
    for (int i = 0; i < 1000; ++i) texts.number_of(std::to_string(i));
    EXPECT_EQ(texts.number_of(std::string("/a")), first);
    EXPECT_EQ(texts.text(first).text, "/a");
    EXPECT_EQ(texts.size(), 1002U);
}

TEST(Texts, printable) {
    for (int c = 0; c < 256; ++c) {
        const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
        const std::string text = "ab" + std::string(1, static_cast<char>(c)) + "cd";
        EXPECT_EQ(is_printable(text), !control) << c;
    }
}

TEST(Texts, tokens_and_paths_by_byte) {
    const std::string_view marks = "!#$%&'*+-.^_`|~";
    for (int c = 0; c < 256; ++c) {
        const std::string one(1, static_cast<char>(c));
        const bool letter = c < 128 && std::isalnum(c) != 0;
        const bool token = letter || (c != 0 && marks.find(one) != marks.npos);
        EXPECT_EQ(is_method(one), token) << c;
        EXPECT_EQ(is_field_name(one), token && !(c >= 'A' && c <= 'Z')) << c;
        const bool path = c > 0x20 && c < 0x7f && c != '?' && c != '#' && c != '\\';
        EXPECT_EQ(is_path("/" + one), path) << c;
    }
}

TEST(Texts, hosts_statuses_and_schemes) {
    for (const char* good : {"", "a", "a.b", "*.a", "*.a.b", "10.0.0.1", "[::1]", "a_b-c"}) {
        EXPECT_TRUE(is_host_name(good)) << good;
    }
    EXPECT_FALSE(is_authority("*.a"));
    EXPECT_TRUE(is_authority("a.b:8080"));
    for (const unsigned status : {301U, 302U, 303U, 307U, 308U}) {
        EXPECT_TRUE(is_redirect_status(status));
    }
    for (const unsigned status : {0U, 200U, 300U, 304U, 305U, 306U, 309U, 404U}) {
        EXPECT_FALSE(is_redirect_status(status));
    }
    EXPECT_TRUE(is_scheme("http") && is_scheme("https") && is_scheme(""));
    EXPECT_FALSE(is_scheme("HTTP") || is_scheme("ws"));
}

TEST(Key, parts_are_kept_apart) {
    EXPECT_NE(key64({"a", "bc"}), key64({"ab", "c"}));
    EXPECT_NE(key64({"a", ""}), key64({"a"}));
    EXPECT_NE(key64({"", "a"}), key64({"a", ""}));
    EXPECT_NE(key64({}), key64({""}));
    EXPECT_NE(backend_key("Service", "a", "b", "1"), backend_key("Service", "b", "a", "1"));
    EXPECT_EQ(backend_key("Service", "a", "b", "1"), key64({"Service", "a", "b", "1"}));
    const Key128 key = key128({"a"});
    EXPECT_NE(key.high, key.low);
    EXPECT_LT((Key128{1, 5}), (Key128{2, 0}));
}

TEST(Key, hashes_depend_on_seed_and_every_byte) {
    std::set<uint64_t> seen;
    for (uint64_t seed = 0; seed < 100; ++seed) seen.insert(hash64("chat.example", seed));
    EXPECT_EQ(seen.size(), 100U);
    for (int i = 0; i < 10'000; ++i) seen.insert(hash64("host-" + std::to_string(i)));
    EXPECT_EQ(seen.size(), 10'100U);
    EXPECT_NE(hash64(std::string_view("\0", 1)), hash64(""));
}

TEST(Reasons, every_value_has_a_text_of_its_own) {
    std::set<std::string_view> texts;
    const auto count = static_cast<size_t>(Reason::kCount);
    for (size_t i = 0; i < count; ++i) {
        const std::string_view text = reason_text(static_cast<Reason>(i));
        EXPECT_NE(text, "unknown");
        EXPECT_TRUE(std::ranges::all_of(text, [](char c) { return c == '_' || std::islower(c); }));
        texts.insert(text);
    }
    EXPECT_EQ(texts.size(), count);
    EXPECT_EQ(reason_text(Reason::ok), "ok");
    for (size_t i = count; i <= 0xffff; ++i) {
        ASSERT_EQ(reason_text(static_cast<Reason>(i)), "unknown");
    }
}

}  // namespace
}  // namespace sluice::table
