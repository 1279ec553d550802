// The page for peers: it is JSON, its numbers are the mapping's, and pods can be summed.
#include "proxy/steward/snapshot.h"

#include <map>

#include <nlohmann/json.hpp>

#include "tests/unit/steward/pod.h"

namespace sluice::steward {
namespace {

using nlohmann::json;

struct Peer {
    Peer() { pod.run(routes_bytes(routes_with({})), endpoints_bytes(8'000)); }
    json snapshot() const { return json::parse(pod.page(snapshot_page(pod.sources()))); }
    test::Pod pod;
    live::Counters counters{pod.mapping, 1};
};

TEST(Snapshot, OfAnIdlePod) {
    const Peer peer;
    const json seen = peer.snapshot();
    EXPECT_EQ(seen["version"], kSnapshotVersion);
    EXPECT_EQ(seen["generation"], 1);
    EXPECT_EQ(seen["bounds_ns"].size(), live::kBounds.size());
    EXPECT_EQ(seen["workers"].size(), 2U);
    EXPECT_TRUE(seen["slots"].empty());
    ASSERT_EQ(seen["endpoints"].size(), 1U);
    EXPECT_EQ(seen["endpoints"][0]["in_flight"], 0);
}

TEST(Snapshot, NumbersOfASlot) {
    Peer peer;
    test::count(peer.counters, peer.pod.slot(0, 0), Reason::ok, 200);
    test::count(peer.counters, peer.pod.slot(0, 0), Reason::connect_refused, 503);
    peer.counters.begin(peer.pod.slot(0, 0));
    const json slot = peer.snapshot()["slots"][0];
    EXPECT_EQ(slot["id"].get<std::string>().size(), 32U);
    const auto outcome = [](const char* reason, int status_class, int count) {
        return json::array({reason, status_class, count});
    };
    EXPECT_EQ(slot["ended"], json::array({outcome("ok", 2, 1), outcome("connect_refused", 5, 1)}));
    EXPECT_EQ(slot["in_flight"], 1);
    EXPECT_EQ(slot["duration"].size(), live::kBuckets + 1) << "buckets, then the sum";
    EXPECT_EQ(slot["duration"][3], 2);
    EXPECT_EQ(slot["duration"].back(), 60'000'000);
    EXPECT_EQ(slot["first_byte"][1], 2);
    EXPECT_EQ(slot["bytes_out"], 200);
    EXPECT_EQ(slot["retries"], 2);
}

TEST(Snapshot, PodsCanBeSummedByIdentity) {
    Peer one;
    Peer two;
    table::RoutesSpec spec = routes_with({});
    spec.rules.insert(spec.rules.begin(), spec.rules[0]);  // other slot numbers in this pod
    spec.rules[0].key = table::key128({"before"});
    spec.rules[0].name = "ModelRoute/demo/before/default";
    spec.hosts[0].matches[0].rule = 1;
    spec.hosts[0].matches.push_back({table::PathKind::prefix, "/x", {}, 0});
    test::Pod third;
    third.run(routes_bytes(spec), endpoints_bytes(8'000));
    live::Counters counters(third.mapping, 0);
    test::count(one.counters, one.pod.slot(0, 0), Reason::ok, 200);
    test::count(two.counters, two.pod.slot(0, 0), Reason::ok, 200);
    test::count(counters, third.slot(1, 0), Reason::ok, 200);
    test::count(counters, third.slot(0, 0), Reason::ok, 200);
    ASSERT_NE(third.slot(1, 0), one.pod.slot(0, 0));
    std::map<std::string, int> requests;
    for (const json& pod :
         {one.snapshot(), two.snapshot(), json::parse(third.page(snapshot_page(third.sources())))
         }) {
        for (const json& slot : pod["slots"]) {
            requests[slot["id"]] += slot["ended"][0][2].get<int>();
        }
    }
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[one.snapshot()["slots"][0]["id"]], 3);
}

TEST(Snapshot, NamesNobody) {
    Peer peer;
    test::count(peer.counters, peer.pod.slot(0, 0), Reason::ok, 200);
    const std::string page = peer.pod.page(snapshot_page(peer.pod.sources()));
    for (const char* name : {"llama", "chat", "demo", "10.0.0.1"}) {
        EXPECT_EQ(page.find(name), std::string::npos) << name;
    }
}

TEST(Snapshot, AsManySlotsAsFillSeveralParts) {
    test::Pod pod;
    table::RoutesSpec spec = routes_with({});
    const table::RuleSpec rule = spec.rules[0];
    constexpr size_t kRules = 240;
    for (size_t i = 1; i < kRules; ++i) {
        spec.rules.push_back(rule);
        spec.rules[i].name += std::to_string(i);
        spec.rules[i].key = table::key128({spec.rules[i].name});
        spec.hosts[0].matches.push_back(
            {table::PathKind::prefix, "/" + std::to_string(i), {}, static_cast<uint32_t>(i)}
        );
    }
    pod.run(routes_bytes(spec), endpoints_bytes(8'000));
    live::Counters counters(pod.mapping, 0);
    for (size_t i = 0; i < kRules; ++i) test::count(counters, pod.slot(i, 0), Reason::ok, 200);
    const json seen = json::parse(pod.page(snapshot_page(pod.sources())));
    EXPECT_EQ(seen["slots"].size(), kRules);
}

}  // namespace
}  // namespace sluice::steward
