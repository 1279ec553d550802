// Look-ups in a segment, and what even attach() refuses.
#include "table/view.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "table/hash.h"
#include "table/limits.h"
#include "tests/unit/table/header.h"
#include "tests/unit/table/samples.h"

namespace sluice::table {
namespace {

RoutesSpec with_hosts(const std::vector<std::string>& names) {
    RoutesSpec spec;
    for (const std::string& name : names) spec.hosts.push_back({name, {}});
    return spec;
}

std::string name_of(const RoutesView& view, const Host* host) {
    return host == nullptr ? "none" : std::string(view.name(*host));
}

TEST(View, exact_hosts) {
    const Bytes bytes = built(with_hosts({"a.example", "b.example", "", "*.example"}));
    const auto view = RoutesView::attach(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(name_of(*view, view->find_exact("a.example")), "a.example");
    EXPECT_EQ(name_of(*view, view->find_exact("b.example")), "b.example");
    EXPECT_EQ(view->find_exact("c.example"), nullptr);
    EXPECT_EQ(view->find_exact("a.exampl"), nullptr);
    EXPECT_EQ(view->find_exact("a.example."), nullptr);
    ASSERT_NE(view->any_host(), nullptr);
    EXPECT_EQ(name_of(*view, view->any_host()), "");
}

TEST(View, a_wildcard_stands_for_one_label) {
    const Bytes bytes = built(with_hosts({"*.example", "*.b.example", "example"}));
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(name_of(*view, view->find_wildcard("a.example")), "*.example");
    EXPECT_EQ(name_of(*view, view->find_wildcard("a.b.example")), "*.b.example");
    EXPECT_EQ(view->find_wildcard("a.c.example"), nullptr);  // two labels
    EXPECT_EQ(view->find_wildcard("example"), nullptr);      // none
    EXPECT_EQ(view->find_wildcard(".example"), nullptr);     // an empty one
    EXPECT_EQ(view->find_wildcard(""), nullptr);
    EXPECT_EQ(view->find_wildcard("."), nullptr);
    EXPECT_EQ(view->find_wildcard("a."), nullptr);
    EXPECT_EQ(view->any_host(), nullptr);
}

TEST(View, long_hosts_are_found_or_not_but_read_safely) {
    const std::string rest =
        "." + std::string(limits::kHostBytes - 2, 'x');  // "*" and it: the limit
    const Bytes bytes = built(with_hosts({"*" + rest}));
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view);
    EXPECT_NE(view->find_wildcard("a" + rest), nullptr);
    EXPECT_EQ(view->find_wildcard("a" + rest + "x"), nullptr);
    EXPECT_EQ(view->find_wildcard("a." + std::string(100'000, 'x')), nullptr);
    EXPECT_EQ(view->find_exact(std::string(100'000, 'x')), nullptr);
}

TEST(View, every_one_of_many_hosts_is_found) {
    std::vector<std::string> names;
    for (int i = 0; i < 5000; ++i) names.push_back("h" + std::to_string(i) + ".example");
    const Bytes bytes = built(with_hosts(names));
    const auto view = RoutesView::verify(bytes);
    ASSERT_TRUE(view) << view.error().message;
    for (const std::string& name : names) ASSERT_EQ(name_of(*view, view->find_exact(name)), name);
    for (int i = 5000; i < 6000; ++i) {
        ASSERT_EQ(view->find_exact("h" + std::to_string(i) + ".example"), nullptr);
    }
}

TEST(View, endpoints_by_key) {
    const EndpointsSpec spec = sample_endpoints();
    const Bytes bytes = built(spec);
    const auto view = EndpointsView::attach(bytes);
    ASSERT_TRUE(view);
    std::set<size_t> indexes;
    for (const EndpointSetSpec& set : spec.sets) {
        const auto found = view->find(set.backend);
        ASSERT_EQ(found.size(), set.endpoints.size());
        for (size_t i = 0; i < found.size(); ++i) {  // in the compiler's order
            EXPECT_EQ(view->text(found[i].name), set.endpoints[i].name);
            EXPECT_EQ(found[i].port, set.endpoints[i].port);
            EXPECT_EQ(found[i].address, set.endpoints[i].address);
            EXPECT_EQ(found[i].identity_high, set.endpoints[i].identity.high);
            EXPECT_EQ(found[i].identity_low, set.endpoints[i].identity.low);
            indexes.insert(view->index(found[i]));
        }
    }
    EXPECT_EQ(indexes, (std::set<size_t>{0, 1, 2}));
    EXPECT_TRUE(view->find(spec.sets[0].backend + 1).empty());
    EXPECT_TRUE(view->find(0).empty());
    EXPECT_TRUE(view->find(~uint64_t{0}).empty());
}

TEST(View, keys_may_share_their_top_bits) {
    EndpointsSpec spec;
    for (uint64_t key = 1; key <= 100; ++key) {
        spec.sets.push_back({key, {sample_endpoint(1, static_cast<uint16_t>(key))}});
    }
    const Bytes bytes = built(spec);
    const auto view = EndpointsView::verify(bytes);
    ASSERT_TRUE(view) << view.error().message;
    for (uint64_t key = 1; key <= 100; ++key) {
        ASSERT_EQ(view->find(key).size(), 1U);
        EXPECT_EQ(view->find(key)[0].port, key);
    }
    EXPECT_TRUE(view->find(101).empty());
}

TEST(View, without_a_table_nothing_is_found) {
    const RoutesView routes;
    EXPECT_EQ(routes.find_exact("a"), nullptr);
    EXPECT_EQ(routes.find_wildcard("a.b"), nullptr);
    EXPECT_EQ(routes.any_host(), nullptr);
    EXPECT_TRUE(EndpointsView().find(1).empty());
}

TEST(View, another_schema_is_foreign) {
    Bytes routes = built(sample_routes());
    overwrite(routes, header_of(routes), schema_hash() + 1);
    EXPECT_EQ(RoutesView::attach(routes).error().reason, Reason::table_foreign_schema);
    EXPECT_EQ(RoutesView::verify(routes).error().reason, Reason::table_foreign_schema);
    Bytes endpoints = built(sample_endpoints());
    overwrite(endpoints, header_of(endpoints), schema_hash() + 1);
    EXPECT_EQ(EndpointsView::attach(endpoints).error().reason, Reason::table_foreign_schema);
}

TEST(View, sizes_that_disagree_are_corrupt) {
    const size_t bits = 8;  // behind the schema
    for (const uint32_t wrong : {0U, 1U, 3U, 31U, 32U, 64U, 0xffffffffU}) {
        Bytes routes = built(sample_routes());
        overwrite(routes, header_of(routes) + bits, wrong);
        EXPECT_EQ(RoutesView::attach(routes).error().reason, Reason::table_corrupt) << wrong;
        Bytes endpoints = built(sample_endpoints());
        overwrite(endpoints, header_of(endpoints) + 8, wrong);
        EXPECT_EQ(EndpointsView::attach(endpoints).error().reason, Reason::table_corrupt) << wrong;
    }
    Bytes routes = built(sample_routes());
    const auto view = RoutesView::attach(routes);
    const auto* const first = reinterpret_cast<const std::byte*>(view->path_order().data());
    overwrite(routes, static_cast<size_t>(first - routes.data()) - 4, uint32_t{1});
    EXPECT_EQ(
        RoutesView::attach(routes).error().message, "paths whose order is not that of as many"
    );
}

TEST(View, a_segment_over_the_limit_is_not_even_read) {
    const std::byte one{};
    const std::span<const std::byte> claimed(&one, limits::kSegmentBytes + 1);
    EXPECT_EQ(RoutesView::verify(claimed).error().reason, Reason::table_too_large);
    EXPECT_EQ(EndpointsView::attach(claimed).error().reason, Reason::table_too_large);
}

}  // namespace
}  // namespace sluice::table
