// Each rule that verify() keeps over an endpoints segment, and the counts of both kinds of
// segments.
#include <cstring>
#include <functional>
#include <gtest/gtest.h>

#include "table/limits.h"
#include "tests/unit/table/samples.h"
#include "tests/unit/table/walk.h"

namespace sluice::table {
namespace {

using Table = Changeable<EndpointsView>;

void expect_refused(
    const char* name, Reason reason, const char* where, const std::function<void(Table&)>& change
) {
    SCOPED_TRACE(name);
    Table table(built(sample_endpoints()));
    ASSERT_TRUE(table.verify()) << table.verify().error().message;
    change(table);
    const auto verified = table.verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().reason, reason) << verified.error().message;
    EXPECT_TRUE(verified.error().message.starts_with(where)) << verified.error().message;
}

constexpr Reason kValue = Reason::table_bad_value;
constexpr Reason kReference = Reason::table_bad_reference;
constexpr Reason kOrder = Reason::table_out_of_order;

size_t full_set(const Table& table) {
    size_t index = 0;
    while (table.view().sets()[index].endpoints.count != 2) ++index;
    return index;
}

TEST(VerifyEndpoints, takes_what_the_builder_makes) {
    const Bytes bytes = built(sample_endpoints());
    const auto view = EndpointsView::verify(bytes);
    ASSERT_TRUE(view) << view.error().message;
    EXPECT_NE(Walk::over(*view), 0U);
}

TEST(VerifyEndpoints, sets) {
    const auto set = [](Table& t, size_t i) -> EndpointSet& { return t.at(t.view().sets(), i); };
    expect_refused("twice", Reason::key_collision, "sets[1]", [&](Table& t) {
        set(t, 1).backend = set(t, 0).backend;
    });
    expect_refused("order", kOrder, "sets[2]", [&](Table& t) { set(t, 2).backend = 1; });
    expect_refused("outside", kReference, "sets[", [&](Table& t) {
        set(t, full_set(t)).endpoints.count = 0xffffffffU;
    });
    expect_refused("of another", kReference, "sets[", [&](Table& t) {
        set(t, full_set(t)).endpoints.first += 1;
    });
    expect_refused("of nobody", kReference, "", [&](Table& t) {
        set(t, full_set(t)).endpoints.count -= 1;
    });
}

TEST(VerifyEndpoints, endpoints) {
    const auto endpoint = [](Table& t) -> Endpoint& { return t.at(t.view().endpoints(), 1); };
    expect_refused("port", kValue, "endpoints[1]", [&](Table& t) { endpoint(t).port = 0; });
    expect_refused("reserved", kValue, "endpoints[1]", [&](Table& t) {
        endpoint(t).reserved[2] = 1;
    });
    expect_refused("name", kReference, "endpoints[1]", [&](Table& t) {
        endpoint(t).name.offset = 0xfffffff0U;
    });
    expect_refused("control byte", kValue, "pool", [&](Table& t) {
        t.byte(endpoint(t).name, 0) = '\n';
    });
}

TEST(VerifyEndpoints, long_name) {
    EndpointsSpec spec = sample_endpoints();
    spec.sets[0].endpoints[0].name = std::string(limits::kNameBytes, 'a');
    Table table(built(spec));
    table.at(table.view().endpoints(), 0).name = {0, limits::kNameBytes + 1};
    EXPECT_EQ(table.verify().error().reason, Reason::table_too_large);
}

TEST(VerifyEndpoints, buckets) {
    const auto offset = [](Table& t, size_t i) -> uint32_t& {
        return t.at(t.view().set_buckets(), i);
    };
    expect_refused("begin", kReference, "set_buckets", [&](Table& t) { offset(t, 0) = 1; });
    expect_refused("end", kReference, "set_buckets", [&](Table& t) {
        offset(t, t.view().set_buckets().size() - 1) = 4;
    });
    expect_refused("outside", kOrder, "set_buckets[", [&](Table& t) { offset(t, 1) = 9; });
    expect_refused("descending", kOrder, "set_buckets[", [&](Table& t) {
        offset(t, 1) = 3;
        offset(t, 2) = 1;
    });
    expect_refused("set of another bucket", kOrder, "set_buckets[0]", [&](Table& t) {
        for (size_t i = 1; i < t.view().set_buckets().size(); ++i) offset(t, i) = 3;
    });
}

// A segment whose vector claims `count` elements, with so many zero bytes behind it.
template <class View, class Entry>
Reason reason_of_count(Bytes bytes, std::span<const Entry> (View::*list)() const, size_t count) {
    const auto view = View::attach(bytes);
    const auto* const data = reinterpret_cast<const std::byte*>(((*view).*list)().data());
    const size_t at = static_cast<size_t>(data - bytes.data()) - sizeof(uint32_t);
    bytes.resize(bytes.size() + count * sizeof(Entry));
    const auto length = static_cast<uint32_t>(count);
    std::memcpy(bytes.data() + at, &length, sizeof length);
    const auto verified = View::verify(bytes);
    return verified ? Reason::ok : verified.error().reason;
}

TEST(VerifyCounts, limit_and_one_more) {
    constexpr Reason kLarge = Reason::table_too_large;
    const Bytes routes = built(sample_routes());
    const auto of_routes = [&](auto list, size_t count) {
        return reason_of_count<RoutesView>(routes, list, count);
    };
    EXPECT_NE(of_routes(&RoutesView::hosts, limits::kHosts), kLarge);
    EXPECT_EQ(of_routes(&RoutesView::hosts, limits::kHosts + 1), kLarge);
    EXPECT_NE(of_routes(&RoutesView::rules, limits::kRules), kLarge);
    EXPECT_EQ(of_routes(&RoutesView::rules, limits::kRules + 1), kLarge);
    EXPECT_NE(of_routes(&RoutesView::backends, limits::kBackends), kLarge);
    EXPECT_EQ(of_routes(&RoutesView::backends, limits::kBackends + 1), kLarge);
    const Bytes endpoints = built(sample_endpoints());
    const auto of_endpoints = [&](auto list, size_t count) {
        return reason_of_count<EndpointsView>(endpoints, list, count);
    };
    EXPECT_NE(of_endpoints(&EndpointsView::sets, limits::kBackends), kLarge);
    EXPECT_EQ(of_endpoints(&EndpointsView::sets, limits::kBackends + 1), kLarge);
    EXPECT_NE(of_endpoints(&EndpointsView::endpoints, limits::kEndpoints), kLarge);
    EXPECT_EQ(of_endpoints(&EndpointsView::endpoints, limits::kEndpoints + 1), kLarge);
}

}  // namespace
}  // namespace sluice::table
