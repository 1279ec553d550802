// Spec to bytes and back: nothing is lost, equal specs are equal bytes, equal texts stand there
// once.
#include "table/builder.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "table/hash.h"
#include "table/limits.h"
#include "tests/unit/table/describe.h"
#include "tests/unit/table/random_routes.h"
#include "tests/unit/table/samples.h"
#include "tests/unit/table/walk.h"

namespace sluice::table {
namespace {

Lines read_back(const Bytes& bytes) {
    const auto view = RoutesView::verify(bytes);
    if (view) return ViewDescription::of(*view);
    ADD_FAILURE() << view.error().message;
    return {};
}

TEST(Builder, the_sample_comes_back_whole) {
    const RoutesSpec spec = sample_routes();
    EXPECT_EQ(read_back(built(spec)), SpecDescription::of(spec));
}

TEST(Builder, random_specs_come_back_whole) {
    for (uint32_t seed = 0; seed < 300; ++seed) {
        const RoutesSpec spec = RandomRoutes(seed).make();
        ASSERT_EQ(read_back(built(spec)), SpecDescription::of(spec)) << "seed " << seed;
    }
}

TEST(Builder, an_empty_spec_is_a_table) {
    const Bytes bytes = built(RoutesSpec{});
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->find_exact("a"), nullptr);
    EXPECT_EQ(view->any_host(), nullptr);
    const Bytes none = built(EndpointsSpec{});
    ASSERT_TRUE(EndpointsView::verify(none));
    EXPECT_TRUE(EndpointsView::verify(none)->find(1).empty());
}

TEST(Builder, same_spec_same_bytes) {
    const RoutesSpec spec = sample_routes();
    const RoutesSpec copy = sample_routes();  // other strings at other addresses
    EXPECT_EQ(built(spec), built(copy));
    EXPECT_EQ(built(sample_endpoints()), built(sample_endpoints()));
}

TEST(Builder, order_that_means_nothing_changes_nothing) {
    std::mt19937 random(7);
    for (uint32_t seed = 0; seed < 50; ++seed) {
        RoutesSpec spec = RandomRoutes(seed).make();
        const Bytes bytes = built(spec);
        std::shuffle(spec.hosts.begin(), spec.hosts.end(), random);
        std::swap(spec.backends[0], spec.backends[2]);
        for (RuleSpec& rule : spec.rules) {
            for (SplitSpec& split : rule.splits) {
                if (split.backend != kNone) split.backend = std::array{2U, 1U, 0U}[split.backend];
            }
        }
        for (HostSpec& host : spec.hosts) {  // a prefix and an exact path never compete
            std::vector<MatchSpec> matches;
            for (const auto kind : {PathKind::regex, PathKind::prefix, PathKind::exact}) {
                for (const MatchSpec& match : host.matches) {
                    if (match.path_kind == kind) matches.push_back(match);
                }
            }
            host.matches = matches;
        }
        ASSERT_EQ(built(spec), bytes) << "seed " << seed;
    }
    EndpointsSpec endpoints = sample_endpoints();
    const Bytes bytes = built(endpoints);
    std::swap(endpoints.sets[0], endpoints.sets[2]);
    EXPECT_EQ(built(endpoints), bytes);
}

TEST(Builder, order_that_means_something_is_kept) {
    RoutesSpec spec = sample_routes();
    const Bytes bytes = built(spec);
    std::swap(spec.hosts[0].matches[0], spec.hosts[0].matches[1]);  // one exact path
    EXPECT_NE(built(spec), bytes);
    EXPECT_EQ(read_back(built(spec)), SpecDescription::of(spec));
}

TEST(Builder, equal_texts_and_patterns_stand_there_once) {
    const Bytes bytes = built(sample_routes());
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->regexes().size(), 2U);  // "gold|silver" is named three times
    const std::string_view pool = view->pool();
    const size_t first = pool.find("gold|silver");
    ASSERT_NE(first, std::string_view::npos);
    EXPECT_EQ(pool.find("gold|silver", first + 1), std::string_view::npos);
}

TEST(Builder, neighbours_share_equal_splits_and_edits) {
    RoutesSpec spec = sample_routes();
    const auto sizes = [](const RoutesSpec& of) {
        const Bytes bytes = built(of);
        const auto view = RoutesView::verify(bytes);
        EXPECT_TRUE(view) << view.error().message;
        return std::pair(view->splits().size(), view->edits().size());
    };
    const auto before = sizes(spec);
    spec.rules.insert(spec.rules.begin(), spec.rules[0]);
    spec.rules[0].name = "another of the same object";
    EXPECT_EQ(sizes(spec), before);
    EXPECT_EQ(read_back(built(spec)), SpecDescription::of(spec));
    spec.rules[0].splits[0].weight = 89;
    EXPECT_EQ(sizes(spec).first, before.first + 3);
}

TEST(Builder, one_backend_twice_is_one_and_two_with_one_key_are_refused) {
    RoutesSpec spec = sample_routes();
    spec.backends.push_back(spec.backends[0]);
    spec.rules[2].splits[0].backend = 2;
    const Bytes bytes = built(spec);
    EXPECT_EQ(RoutesView::verify(bytes)->backends().size(), 2U);
    EXPECT_EQ(read_back(bytes), SpecDescription::of(spec));

    spec.backends[2].name = "Service/demo/impostor/http";
    const auto refused = build_routes(spec);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::key_collision);
    EXPECT_NE(refused.error().message.find("impostor"), std::string::npos);
}

TEST(Builder, one_endpoint_set_twice_is_refused) {
    EndpointsSpec spec = sample_endpoints();
    spec.sets.push_back(spec.sets[0]);
    EXPECT_EQ(build_endpoints(spec).error().reason, Reason::key_collision);
}

TEST(Builder, a_host_twice_is_refused_by_name) {
    RoutesSpec spec = sample_routes();
    spec.hosts.push_back(spec.hosts[1]);
    const auto refused = build_routes(spec);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::table_bad_value);
    EXPECT_NE(refused.error().message.find("*.example"), std::string::npos);
}

// Whoever chooses names can crowd a bucket: all is found all the same, and nothing else.
TEST(Builder, crowded_buckets_are_searched) {
    constexpr uint32_t kBits = 9;  // fewer than the index has: all share one of its buckets
    constexpr size_t kCrowd = limits::kProbe + 100;
    RoutesSpec spec = sample_routes();
    std::vector<std::string> left_out;
    const auto collect = [&](std::string_view before, std::string_view behind, const auto& add) {
        size_t found = 0;
        for (size_t i = 0; found < 2 * kCrowd; ++i) {
            std::string text(before);
            text.append(std::to_string(i)).append(behind);
            if (hash_text(text) >> (32 - kBits) != 0) continue;
            if (++found % 2 == 0) {
                add(text);
            } else {
                left_out.push_back(text);
            }
        }
    };
    std::vector<std::string> names;
    collect("h", ".example", [&](const std::string& name) { names.push_back(name); });
    HostSpec victim{"victim.example", {}};
    collect("/p", "", [&](const std::string& path) {
        victim.matches.push_back({PathKind::exact, path, {}, 0});
    });
    for (const std::string& name : names) spec.hosts.push_back({name, {}});
    spec.hosts.push_back(victim);
    const Bytes bytes = built(spec);
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view) << view.error().message;
    for (const HostSpec& host : spec.hosts) {
        if (host.name.empty() || host.name.starts_with('*')) continue;
        ASSERT_NE(view->find_exact(host.name), nullptr);
        EXPECT_EQ(view->name(*view->find_exact(host.name)), host.name);
    }
    const Host& host = *view->find_exact(victim.name);
    for (const MatchSpec& match : victim.matches) {
        const Path* const path = view->find_path(host, hash_text(match.path), match.path);
        ASSERT_NE(path, nullptr);
        EXPECT_EQ(view->text(*path), match.path);
    }
    for (const std::string& text : left_out) {
        EXPECT_EQ(view->find_exact(text), nullptr);
        EXPECT_EQ(view->find_path(host, hash_text(text), text), nullptr);
    }
}

TEST(Digest, differs_with_every_bit_and_length) {
    Bytes bytes(77);
    std::set<uint64_t> seen{digest({}), digest(bytes)};
    size_t expected = 2;
    for (size_t i = 0; i < bytes.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            bytes[i] ^= std::byte{1} << bit;
            seen.insert(digest(bytes));
            bytes[i] ^= std::byte{1} << bit;
            ++expected;
        }
    }
    for (size_t length = 1; length < bytes.size(); ++length) {
        seen.insert(digest(std::span(bytes).first(length)));
        ++expected;
    }
    EXPECT_EQ(seen.size(), expected);
    EXPECT_FALSE(seen.contains(0));
}

TEST(Digest, words_have_places) {
    Bytes bytes(64);
    bytes[3] = std::byte{1};
    const uint64_t first = digest(bytes);
    std::rotate(bytes.begin(), bytes.begin() + 56, bytes.end());  // the word moves to another lane
    EXPECT_NE(digest(bytes), first);
    std::rotate(bytes.begin(), bytes.begin() + 32, bytes.end());  // and to another round
    EXPECT_NE(digest(bytes), first);
}

}  // namespace
}  // namespace sluice::table
