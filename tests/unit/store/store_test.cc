// Tests that batches become snapshots: what marks dirty, what is shared, and that arrival order
// does not matter.
#include "controller/store/store.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace sluice::store {
namespace {

using model::Batch;
using model::Kind;
using model::Object;
using model::ObjectKey;

template <class T>
std::shared_ptr<T> make(const std::string& name, const std::string& version = "1") {
    auto object = std::make_shared<T>();
    object->meta.name = name;
    object->meta.ns = "demo";
    object->meta.resource_version = version;
    return object;
}

std::shared_ptr<model::Service> service(
    const std::string& name, int port, const std::string& version = "1"
) {
    auto object = make<model::Service>(name, version);
    object->ports.emplace_back().port = port;
    return object;
}

template <class T>
Batch apply_of(std::shared_ptr<T> object) {
    return {.apply = {std::shared_ptr<const T>(std::move(object))}, .remove = {}};
}

Batch remove_of(Kind kind, const std::string& name) {
    return {.apply = {}, .remove = {ObjectKey{kind, "demo", name}}};
}

TEST(Store, StartsEmptyAndClean) {
    Store store;
    EXPECT_FALSE(store.take_dirty().any());
    EXPECT_TRUE(store.snapshot()->services.empty());
}

TEST(Store, KindsMarkWhatTheyConcern) {
    const auto dirty_after = [](Batch batch) {
        Store store;
        store.apply(batch);
        return store.take_dirty();
    };
    const Dirty slice = dirty_after(apply_of(make<model::EndpointSlice>("a")));
    EXPECT_TRUE(slice.endpoints);
    EXPECT_FALSE(slice.routes);
    for (const Dirty& dirty :
         {dirty_after(apply_of(make<model::Ingress>("a"))),
          dirty_after(apply_of(make<model::IngressClass>("a"))),
          dirty_after(apply_of(make<model::ModelRoute>("a"))),
          dirty_after(apply_of(service("a", 80)))}) {
        EXPECT_TRUE(dirty.routes);
        EXPECT_FALSE(dirty.endpoints);
    }
}

TEST(Store, TakingDirtyCleans) {
    Store store;
    store.apply(apply_of(service("a", 80)));
    EXPECT_TRUE(store.take_dirty().any());
    EXPECT_FALSE(store.take_dirty().any());
}

TEST(Store, AnEqualObjectMarksNothingButTheFreshOneIsKept) {
    Store store;
    store.apply(apply_of(service("a", 80, "1")));
    store.take_dirty();
    auto fresh = service("a", 80, "2");
    fresh->meta.origin = {"b.yaml", {7, 1}};
    store.apply(apply_of(fresh));
    EXPECT_FALSE(store.take_dirty().any());
    const auto& kept = store.snapshot()->services.begin()->second;
    EXPECT_EQ(kept->meta.resource_version, "2");
    EXPECT_EQ(kept->meta.origin.place.line, 7);
    store.apply(apply_of(service("a", 81, "3")));
    EXPECT_TRUE(store.take_dirty().routes);
}

TEST(Store, RemovingMarksOnlyWhatWasThere) {
    Store store;
    store.apply(remove_of(Kind::service, "a"));
    EXPECT_FALSE(store.take_dirty().any());
    store.apply(apply_of(make<model::EndpointSlice>("a")));
    store.take_dirty();
    store.apply(remove_of(Kind::service, "a"));
    EXPECT_FALSE(store.take_dirty().any()) << "another kind's name is another object";
    store.apply(remove_of(Kind::endpoint_slice, "a"));
    EXPECT_TRUE(store.take_dirty().endpoints);
    EXPECT_TRUE(store.snapshot()->endpoint_slices.empty());
}

TEST(Store, ABatchThatRemovesAndAppliesAKeyKeepsIt) {
    Store store;
    store.apply(apply_of(service("a", 80)));
    Batch batch = apply_of(service("a", 81));
    batch.remove.push_back({Kind::service, "demo", "a"});
    store.apply(batch);
    EXPECT_EQ(store.snapshot()->services.begin()->second->ports[0].port, 81);
}

TEST(Store, ASnapshotNeverChanges) {
    Store store;
    store.apply(apply_of(service("a", 80)));
    const auto before = store.snapshot();
    store.apply(apply_of(service("a", 81)));
    store.apply(apply_of(service("b", 82)));
    store.apply(remove_of(Kind::service, "a"));
    ASSERT_EQ(before->services.size(), 1u);
    EXPECT_EQ(before->services.begin()->second->ports[0].port, 80);
    const auto after = store.snapshot();
    ASSERT_EQ(after->services.size(), 1u);
    EXPECT_EQ(after->services.begin()->second->meta.name, "b");
}

TEST(Store, NothingIsCopiedWhileNobodyHoldsASnapshot) {
    Store store;
    store.apply(apply_of(service("a", 80)));
    const void* at = store.snapshot().get();
    EXPECT_EQ(store.snapshot().get(), at) << "unchanged: the same one";
    store.apply(apply_of(service("b", 80)));
    EXPECT_EQ(store.snapshot().get(), at) << "not held: changed in place";
    const auto held = store.snapshot();
    store.apply(apply_of(service("c", 80)));
    EXPECT_NE(store.snapshot().get(), at);
    // Objects are shared between the two.
    EXPECT_EQ(
        held->services.begin()->second.get(), store.snapshot()->services.begin()->second.get()
    );
}

// What the last event of each key says is what counts, however the events of different keys are
// mixed.
TEST(Store, AnyOrderOfBatchesEndsInTheSameSnapshot) {
    constexpr int kKeys = 12;
    std::vector<std::vector<Batch>> by_key(kKeys);
    for (int key = 0; key < kKeys; ++key) {
        const std::string name = "s" + std::to_string(key);
        for (int version = 1; version <= 4; ++version) {
            by_key[key].push_back(apply_of(service(name, version)));
            if ((key + version) % 3 == 0) by_key[key].push_back(remove_of(Kind::service, name));
        }
    }
    std::map<ObjectKey, int> expected;
    for (uint32_t seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        std::vector<int> order;
        for (int key = 0; key < kKeys; ++key) order.insert(order.end(), by_key[key].size(), key);
        std::shuffle(order.begin(), order.end(), random);
        Store store;
        std::vector<size_t> next(kKeys);
        std::vector<std::shared_ptr<const model::Snapshot>> held;
        for (const int key : order) {
            store.apply(by_key[key][next[key]++]);
            if (random() % 4 == 0) held.push_back(store.snapshot());
        }
        std::map<ObjectKey, int> ports;
        for (const auto& [key, object] : store.snapshot()->services)
            ports[key] = object->ports[0].port;
        if (seed == 0) expected = ports;
        EXPECT_EQ(ports, expected) << seed;
    }
    EXPECT_EQ(expected.size(), 8u) << "keys whose last event is a removal are gone";
}

}  // namespace
}  // namespace sluice::store
