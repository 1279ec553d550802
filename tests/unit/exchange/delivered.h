// A segment of a spec, sealed and mapped as a worker gets it, with slots that count up.
#pragma once

#include <gtest/gtest.h>
#include <numeric>
#include <vector>

#include "proxy/exchange/tables.h"
#include "table/binding.h"
#include "table/builder.h"

namespace sluice::table::testing {

inline constexpr uint32_t kFirstSlot = 2;  // behind those that are shared

inline Mapping mapped(const std::vector<std::byte>& bytes) {
    auto sealed = seal("test", bytes);
    EXPECT_TRUE(sealed);
    auto mapping = Mapping::map(sealed->get());
    EXPECT_TRUE(mapping);
    return std::move(*mapping);
}

// Places and runs: the slots of all rules and splits count up from kFirstSlot.
inline std::vector<uint32_t> counted_slots(const RoutesView& routes) {
    std::vector<uint32_t> places;
    std::vector<uint32_t> runs;
    for (const Rule& rule : routes.rules()) {
        places.push_back(static_cast<uint32_t>(routes.rules().size() + runs.size()));
        for (uint32_t i = 0; i <= rule.split_count; ++i) {
            runs.push_back(kFirstSlot + static_cast<uint32_t>(runs.size()));
        }
    }
    places.insert(places.end(), runs.begin(), runs.end());
    return places;
}

inline exchange::Delivered delivered(const RoutesSpec& spec) {
    const auto bytes = build_routes(spec);
    EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error().message);
    exchange::Delivered result{mapped(*bytes), {}, digest(*bytes)};
    const auto view = RoutesView::attach(result.segment.bytes());
    EXPECT_TRUE(view);
    result.slots = mapped(binding_bytes(result.digest, counted_slots(*view)));
    return result;
}

// Endpoint i has slot `first` + i.
inline exchange::Delivered delivered(const EndpointsSpec& spec, uint32_t first = kFirstSlot) {
    const auto bytes = build_endpoints(spec);
    EXPECT_TRUE(bytes) << (bytes ? "" : bytes.error().message);
    exchange::Delivered result{mapped(*bytes), {}, digest(*bytes)};
    const auto view = EndpointsView::attach(result.segment.bytes());
    EXPECT_TRUE(view);
    std::vector<uint32_t> slots(view->endpoints().size());
    std::iota(slots.begin(), slots.end(), first);
    result.slots = mapped(binding_bytes(result.digest, slots));
    return result;
}

}  // namespace sluice::table::testing
