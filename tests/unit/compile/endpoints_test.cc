// Endpoint sets: conditions, several slices, identities, refusals and the limit.
#include "controller/compile/endpoints.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "table/key.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;

std::string text_of(const table::EndpointSpec& endpoint) {
    char text[INET6_ADDRSTRLEN] = {};
    inet_ntop(AF_INET6, endpoint.address.data(), text, sizeof(text));
    return std::string(text) + " " + std::to_string(endpoint.port);
}

class EndpointsTest : public testing::Test {
protected:
    EndpointsTest() {
        world_.add(service("a"));
        backend_ = {
            .key = 1,
            .name = "Service/demo/a/http",
            .service = {model::Kind::service, "demo", "a"},
            .port = "http"
        };
    }
    Endpoints::Set set(size_t room = limits::kEndpoints) {
        Endpoints endpoints(world_.snapshot.endpoint_slices, world_.options, report_);
        return endpoints.of(backend_, room);
    }
    std::vector<std::string> texts() {
        std::vector<std::string> out;
        for (const table::EndpointSpec& endpoint : set().endpoints)
            out.push_back(text_of(endpoint));
        return out;
    }
    // One slice with one endpoint of these conditions.
    static model::EndpointSlice conditions(
        std::string name,
        std::string address,
        std::optional<bool> ready,
        std::optional<bool> serving = {},
        std::optional<bool> terminating = {}
    ) {
        model::EndpointSlice out = slice("a", {std::move(address)});
        out.meta.name = std::move(name);
        out.endpoints[0].ready = ready;
        out.endpoints[0].serving = serving;
        out.endpoints[0].terminating = terminating;
        return out;
    }

    World world_;
    Report report_;
    Backend backend_;
};

using Texts = std::vector<std::string>;

TEST_F(EndpointsTest, AreInOrderOfAddress) {
    world_.add(slice("a", {"10.0.0.10", "10.0.0.2", "9.0.0.1"}));
    EXPECT_EQ(
        texts(), (Texts{"::ffff:9.0.0.1 8080", "::ffff:10.0.0.2 8080", "::ffff:10.0.0.10 8080"})
    );
}

TEST_F(EndpointsTest, NullReadyMeansTrue) {
    world_.add(conditions("1", "10.0.0.1", std::nullopt));
    world_.add(conditions("2", "10.0.0.2", true));
    world_.add(conditions("3", "10.0.0.3", false));
    EXPECT_EQ(texts().size(), 2u);
    EXPECT_EQ(set().ready, 2u);
}

TEST_F(EndpointsTest, DrainingOnesServeOnlyWhenNoneIsReady) {
    world_.add(conditions("1", "10.0.0.1", false, true, true));
    EXPECT_EQ(texts(), (Texts{"::ffff:10.0.0.1 8080"}));
    EXPECT_EQ(set().ready, 0u);
    world_.add(conditions("2", "10.0.0.2", true));
    EXPECT_EQ(texts(), (Texts{"::ffff:10.0.0.2 8080"}));
    EXPECT_EQ(set().ready, 1u);
}

TEST_F(EndpointsTest, ServingWithoutTerminatingIsNotDraining) {
    world_.add(conditions("1", "10.0.0.1", false, true, false));
    world_.add(conditions("2", "10.0.0.2", false, true, std::nullopt));
    world_.add(conditions("3", "10.0.0.3", false, false, true));
    world_.add(conditions("4", "10.0.0.4", false, std::nullopt, true));
    EXPECT_TRUE(texts().empty());
}

TEST_F(EndpointsTest, AddressInTwoSlicesCountsOnceAndReadyWins) {
    world_.add(conditions("1", "10.0.0.1", false, true, true));
    world_.add(conditions("2", "10.0.0.1", true));
    world_.add(conditions("3", "::ffff:10.0.0.1", true));
    EXPECT_EQ(texts(), (Texts{"::ffff:10.0.0.1 8080"}));
    EXPECT_EQ(set().ready, 1u);
}

TEST_F(EndpointsTest, SmallestUidWinsAmongEqualAddresses) {
    for (const char* uid : {"bbb", "aaa", "ccc"}) {
        model::EndpointSlice one = conditions(uid, "10.0.0.1", true);
        one.endpoints[0].pod_uid = uid;
        one.endpoints[0].pod_name = std::string("pod-") + uid;
        world_.add(one);
    }
    ASSERT_EQ(set().endpoints.size(), 1u);
    EXPECT_EQ(set().endpoints[0].name, "pod-aaa");
}

TEST_F(EndpointsTest, IdentityIsOfAddressPortAndUid) {
    model::EndpointSlice one = conditions("1", "10.0.0.1", true);
    one.endpoints[0].pod_uid = "uid";
    world_.add(one);
    const table::EndpointSpec endpoint = set().endpoints.at(0);
    const std::string bytes(endpoint.address.begin(), endpoint.address.end());
    EXPECT_EQ(endpoint.identity, table::key128({bytes, "8080", "uid"}));
}

TEST_F(EndpointsTest, PortsGoByName) {
    model::EndpointSlice mixed = slice("a", {"10.0.0.1"});
    mixed.ports = {
        {.name = "admin", .port = 9000},
        {.name = "http", .protocol = "UDP", .port = 8079},
        {.name = "http", .protocol = "TCP", .port = std::nullopt},
        {.name = "http", .protocol = "", .port = 8081}
    };
    world_.add(mixed);
    EXPECT_EQ(texts(), (Texts{"::ffff:10.0.0.1 8081"}));
    backend_.port = "";
    EXPECT_TRUE(texts().empty());
}

TEST_F(EndpointsTest, PortsOutOfRangeAreNoPorts) {
    for (const int32_t port : {0, -1, 65536, 2147483647}) {
        model::EndpointSlice bad = slice("a", {"10.0.0.1"});
        bad.ports[0].port = port;
        world_.add(bad);
        EXPECT_TRUE(texts().empty()) << port;
    }
    model::EndpointSlice good = slice("a", {"10.0.0.1"});
    good.ports[0].port = 65535;
    world_.add(good);
    EXPECT_EQ(texts().size(), 1u);
}

TEST_F(EndpointsTest, OtherServicesAndNamespacesDoNotCount) {
    world_.add(slice("b", {"10.0.0.1"}));
    model::EndpointSlice foreign = slice("a", {"10.0.0.2"});
    foreign.meta.ns = "other";
    world_.add(foreign);
    model::EndpointSlice stray = slice("a", {"10.0.0.3"});
    stray.service = "";
    world_.add(stray);
    EXPECT_TRUE(texts().empty());
}

TEST_F(EndpointsTest, RefusedAddressIsToldOnceAndTheRestServes) {
    world_.add(slice("a", {"127.0.0.1", "10.0.0.1"}));
    Endpoints endpoints(world_.snapshot.endpoint_slices, world_.options, report_);
    EXPECT_EQ(endpoints.of(backend_).endpoints.size(), 1u);
    EXPECT_EQ(endpoints.of(backend_).endpoints.size(), 1u);
    const std::vector<Verdict> verdicts = report_.take();
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_TRUE(verdicts[0].accepted);
    EXPECT_EQ(
        findings_of(verdicts[0]), (Texts{"refused endpoint_refused endpoints[0].addresses[0]"})
    );
}

TEST_F(EndpointsTest, SliceOfNothingGoodIsNotAccepted) {
    world_.add(slice("a", {"169.254.169.254", "garbage"}));
    EXPECT_TRUE(texts().empty());
    const std::vector<Verdict> verdicts = report_.take();
    ASSERT_EQ(verdicts.size(), 1u);
    EXPECT_FALSE(verdicts[0].accepted);
    EXPECT_EQ(verdicts[0].accepted_reason, Reason::endpoint_refused);
}

TEST_F(EndpointsTest, UnusableOnesAreNotComplainedOf) {
    world_.add(conditions("1", "127.0.0.1", false));
    EXPECT_TRUE(texts().empty());
    EXPECT_TRUE(report_.take().empty());
}

TEST_F(EndpointsTest, FqdnSliceIsRefusedWhole) {
    model::EndpointSlice names = slice("a", {"pod.example.com"});
    names.address_type = model::AddressType::fqdn;
    world_.add(names);
    EXPECT_TRUE(texts().empty());
    EXPECT_EQ(findings_of(report_.take().at(0)), (Texts{"refused unsupported_value addressType"}));
}

TEST_F(EndpointsTest, EndpointWithoutAddressIsRefused) {
    model::EndpointSlice empty = slice("a", {"10.0.0.1"});
    empty.endpoints[0].addresses.clear();
    world_.add(empty);
    EXPECT_TRUE(texts().empty());
    EXPECT_EQ(
        findings_of(report_.take().at(0)), (Texts{"refused invalid_field endpoints[0].addresses"})
    );
}

TEST_F(EndpointsTest, ImpossiblePodNameIsLeftOutNotItsEndpoint) {
    for (const std::string& name :
         {std::string("a\nb"), std::string(limits::kNameBytes + 1, 'a')}) {
        model::EndpointSlice one = slice("a", {"10.0.0.1"});
        one.endpoints[0].pod_name = name;
        world_.add(one);
        ASSERT_EQ(set().endpoints.size(), 1u);
        EXPECT_EQ(set().endpoints[0].name, "");
    }
}

TEST_F(EndpointsTest, RoomIsHeldAndTheLoserTold) {
    world_.add(slice("a", {"10.0.0.1", "10.0.0.2", "10.0.0.3"}));
    EXPECT_EQ(set(3).endpoints.size(), 3u);
    EXPECT_TRUE(report_.take().empty());
    const Endpoints::Set full = set(2);
    EXPECT_EQ(full.endpoints.size(), 2u);
    EXPECT_EQ(full.ready, 2u);
    EXPECT_EQ(findings_of(report_.take().at(0)), (Texts{"refused too_many_objects endpoints"}));
    EXPECT_TRUE(set(0).endpoints.empty());
}

}  // namespace
}  // namespace sluice::compile
