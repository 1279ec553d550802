// Which simulated servers a snapshot asks for.
#include "sluicectl/simulate.h"

#include <gtest/gtest.h>

#include "tests/unit/ctl/objects.h"

namespace sluice::ctl {
namespace {

using Servers = std::vector<SimulatedServer>;

TEST(Simulate, one_server_per_loopback_endpoint) {
    Objects objects;
    objects.service("llama", "chat").slice("llama-x", "llama", {"127.0.0.1", "127.0.0.2"}, {18001});
    EXPECT_EQ(
        simulated_servers(objects.snapshot()),
        (Servers{{"127.0.0.1:18001", "llama-0", "chat"}, {"127.0.0.2:18001", "llama-1", "chat"}})
    );
}

TEST(Simulate, ipv6_in_brackets) {
    Objects objects;
    objects.service("llama").slice("llama-x", "llama", {"::1"}, {18001});
    EXPECT_EQ(
        simulated_servers(objects.snapshot()), (Servers{{"[::1]:18001", "llama-0", "llama"}})
    );
}

TEST(Simulate, addresses_of_other_machines_are_not_ours_to_start) {
    Objects objects;
    objects.slice("a", "llama", {"10.0.0.1"}, {80}).slice("b", "llama", {"fd00::1"}, {80});
    objects.slice("c", "", {"127.0.0.1"}, {80});  // of no Service
    EXPECT_EQ(simulated_servers(objects.snapshot()), Servers{});
}

TEST(Simulate, an_address_in_two_slices_is_started_once) {
    Objects objects;
    objects.slice("a", "one", {"127.0.0.1"}, {80}).slice("b", "two", {"127.0.0.1"}, {80, 81});
    const Servers servers = simulated_servers(objects.snapshot());
    ASSERT_EQ(servers.size(), 2u);
    EXPECT_EQ(servers[0], (SimulatedServer{"127.0.0.1:80", "one-0", "one"}));
    EXPECT_EQ(servers[1].listen, "127.0.0.1:81");
}

TEST(Simulate, endpoints_without_a_pod_get_a_name) {
    Objects objects;
    objects.slice("a", "llama", {"127.0.0.1"}, {80, 81}, false);
    const Servers servers = simulated_servers(objects.snapshot());
    ASSERT_EQ(servers.size(), 2u);
    EXPECT_EQ(servers[0].pod, "llama-0");
    EXPECT_EQ(servers[1].pod, "llama-1");
}

TEST(Simulate, the_model_is_the_label_else_the_service) {
    Objects objects;
    objects.service("llama", "chat").service("embed");
    EXPECT_EQ(model_of_service(objects.snapshot(), "default", "llama"), "chat");
    EXPECT_EQ(model_of_service(objects.snapshot(), "default", "embed"), "embed");
    EXPECT_EQ(model_of_service(objects.snapshot(), "other", "llama"), "llama");
    EXPECT_EQ(model_of_service(objects.snapshot(), "default", "absent"), "absent");
}

}  // namespace
}  // namespace sluice::ctl
