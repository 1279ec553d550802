// The hot path takes nothing from the heap: every operator new of this program is counted.
#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "proxy/route/match.h"
#include "proxy/route/near_miss.h"
#include "proxy/route/split.h"
#include "tests/unit/route/fixture.h"

namespace {

std::atomic<size_t>& allocations() {
    static std::atomic<size_t> count{0};
    return count;
}

}  // namespace

void* operator new(size_t size) {
    ++allocations();
    if (void* place = std::malloc(size)) return place;
    throw std::bad_alloc();
}
void operator delete(void* place) noexcept {
    std::free(place);
}
void operator delete(void* place, size_t) noexcept {
    std::free(place);
}

namespace sluice::route {
namespace {

using table::PathKind;
using table::PredicateKind;

TEST(NoAllocation, match_choose_and_near_miss) {
    table::RoutesSpec spec;
    table::HostSpec host{"a.test", {}};
    add_match(spec, host, PathKind::regex, "/r/[a-z]+(/.*)?");
    add_match(
        spec,
        host,
        PathKind::prefix,
        "/p",
        {{PredicateKind::method, "", "POST"},
         {PredicateKind::header_regex, "x-a", "[0-9]+"},
         {PredicateKind::query_regex, "q", "a b+"}}
    );
    add_match(spec, host, PathKind::prefix, "/p");
    spec.hosts.push_back(host);
    const Table table(spec);
    const Regexes regexes = Regexes::of(table.view, nullptr);
    Request regex_path("a.test", "/r/abc/def");
    Request conditions("a.test", "/p/x", "POST");
    conditions.field("X-A", "17").query("q=a%20bb");
    Request nothing("a.test", "/q/x");
    char out[256];
    SplitState state;
    size_t matched = 0;
    const auto round = [&] {
        matched = 0;
        for (const Request* request : {&regex_path, &conditions, &nothing}) {
            const Matched result = match(table.view, regexes, request->head);
            matched += result.rule != nullptr;
            if (result.rule != nullptr) choose(table.view, *result.rule, state.draw());
            near_miss(table.view, request->head, out, sizeof out);
        }
    };
    round();  // compiles the programs and lets RE2 make its states
    const size_t before = allocations();
    for (int i = 0; i < 100; ++i) round();
    EXPECT_EQ(allocations(), before);
    EXPECT_EQ(matched, 2u);
}

}  // namespace
}  // namespace sluice::route
