// The small parts of a table: buckets, the radix tree, texts, keys and reasons.
#include <algorithm>
#include <cctype>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "table/buckets.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/pool.h"
#include "table/radix.h"
#include "table/reason.h"
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

std::vector<std::string> labels_of(const std::vector<RadixNode>& nodes) {
    std::vector<std::string> labels;
    for (const RadixNode& node : nodes) labels.emplace_back(node.label);
    return labels;
}

TEST(Radix, by_hand) {
    std::vector<RadixEntry> entries{
        {"/v1/models", PathKind::exact, 0},
        {"/v1", PathKind::prefix, 1},
        {"/v1/chat", PathKind::exact, 2},
        {"/v1/chat", PathKind::prefix, 3},
        {"/v1/chat", PathKind::exact, 4},
    };
    const auto nodes = make_radix(entries);
    EXPECT_EQ(labels_of(nodes), (std::vector<std::string>{"/v1", "/", "chat", "models"}));
    EXPECT_EQ(nodes[0].children, (Range{1, 1}));
    EXPECT_EQ(nodes[1].children, (Range{2, 2}));
    ASSERT_EQ(nodes[2].exact.size(), 2U);
    EXPECT_EQ(nodes[2].exact[0].match, 2U);
    EXPECT_EQ(nodes[2].exact[1].match, 4U);
    EXPECT_EQ(nodes[2].prefix.size(), 1U);
}

TEST(Radix, the_root_prefix_stands_at_an_empty_root) {
    std::vector<RadixEntry> entries{{"/a", PathKind::exact, 0}, {"", PathKind::prefix, 1}};
    EXPECT_EQ(labels_of(make_radix(entries)), (std::vector<std::string>{"", "/a"}));
    std::vector<RadixEntry> none;
    EXPECT_TRUE(make_radix(none).empty());
}

TEST(Radix, bytes_order_as_unsigned) {
    std::vector<RadixEntry> entries{{"/\xff", PathKind::exact, 0}, {"/\x41", PathKind::exact, 1}};
    EXPECT_EQ(labels_of(make_radix(entries)), (std::vector<std::string>{"/", "\x41", "\xff"}));
}

TEST(Radix, long_paths_take_no_stack) {
    std::vector<std::string> paths;
    for (size_t n = 1; n <= 20'000; n += 100) paths.push_back("/" + std::string(n, 'a'));
    std::vector<RadixEntry> entries;
    for (const std::string& path : paths) entries.push_back({path, PathKind::exact, 0});
    EXPECT_EQ(make_radix(entries).size(), paths.size());
}

TEST(Pool, a_text_has_one_place) {
    Pool pool;
    const Text first = pool.add("abc");
    EXPECT_EQ(pool.add("de"), (Text{3, 2}));
    EXPECT_EQ(pool.add(std::string_view("xabc").substr(1)), first);
    EXPECT_EQ(pool.add(""), Text{});
    EXPECT_EQ(pool.bytes(), "abcde");
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

// Hosts differ in few bytes; the index takes the top bits.
TEST(Key, top_bits_are_spread) {
    std::vector<int> counts(256);
    for (int i = 0; i < 25'600; ++i) ++counts[hash64("h" + std::to_string(i)) >> 56];
    const auto [fewest, most] = std::ranges::minmax_element(counts);
    EXPECT_GT(*fewest, 50);
    EXPECT_LT(*most, 160);
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
