// Alive and ready, by the records that processes keep in the mapping.
#include "proxy/steward/health.h"

#include "tests/unit/steward/pod.h"

namespace sluice::steward {
namespace {

struct Health : testing::Test {
    Health() {
        pod.run(routes_bytes(routes_with({})), endpoints_bytes(8'000));
        pod.mapping.worker(0).running.store(1);
    }
    Response ready(bool verbose = false) const {
        return readyz(pod.mapping, *pod.current.get(), verbose);
    }
    test::Pod pod;
};

TEST_F(Health, ReadyWithATableAndOneWorker) {
    EXPECT_EQ(ready().status, 200U);
    EXPECT_EQ(ready().body, "ok\n");
}

TEST_F(Health, VerboseNamesEachCheckAndWorker) {
    pod.mapping.worker(1).adopted_by.store(1);
    EXPECT_EQ(ready(true).status, 200U);
    EXPECT_EQ(
        ready(true).body,
        "[+]table ok\n[+]draining ok\n[+]workers ok\n[+]worker-0 ok\n"
        "[-]worker-1 failed: it takes no requests; worker-0 accepts for it\n"
        "readyz check passed\n"
    );
}

TEST_F(Health, NotWhileItDrains) {
    pod.mapping.pod().draining.store(1);
    EXPECT_EQ(ready().status, 503U);
    EXPECT_NE(ready().body.find("[-]draining failed: "), std::string::npos) << ready().body;
    EXPECT_NE(ready().body.find("[+]table ok\n"), std::string::npos);
}

TEST_F(Health, NotWithoutAWorker) {
    pod.mapping.worker(0).running.store(0);
    EXPECT_EQ(ready().status, 503U);
    EXPECT_NE(ready().body.find("[-]workers failed: "), std::string::npos) << ready().body;
    EXPECT_TRUE(ready().body.ends_with("readyz check failed\n"));
}

TEST_F(Health, NotWithoutATable) {
    EXPECT_EQ(readyz(pod.mapping, Table(), false).status, 503U);
    Table half;
    half.routes = pod.current.get()->routes;
    const Response response = readyz(pod.mapping, half, false);
    EXPECT_EQ(response.status, 503U);
    EXPECT_NE(response.body.find("[-]table failed: "), std::string::npos);
}

TEST_F(Health, AliveUntilAllHeartsStoodStillForThirtyTicks) {
    Pulse pulse(pod.mapping);
    for (uint32_t i = 1; i < Pulse::kPatienceTicks; ++i) pulse.tick();
    EXPECT_EQ(livez(pulse).status, 200U);
    pulse.tick();
    EXPECT_EQ(livez(pulse).status, 503U);
    pod.mapping.worker(1).beat.store(7);  // one of them is enough
    pulse.tick();
    EXPECT_EQ(livez(pulse).status, 200U);
    EXPECT_EQ(pulse.silent_ticks(), 0U);
}

}  // namespace
}  // namespace sluice::steward
