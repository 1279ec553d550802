// References to Services: found by name and number, and every way to miss.
#include "controller/compile/backends.h"

#include <gtest/gtest.h>

#include "controller/compile/places.h"
#include "table/limits.h"
#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
using model::ServicePort;

class BackendsTest : public testing::Test {
protected:
    Backends::Resolved resolve(
        const std::string& name, const std::string& port, const std::string& ns = "demo"
    ) {
        backends_.look_at(world_.snapshot.services);
        return backends_.resolve(ns, name, port);
    }
    void add(const std::string& name, std::vector<ServicePort> ports) {
        model::Service out = service(name);
        out.ports = std::move(ports);
        world_.add(out);
    }
    World world_;
    Backends backends_;
};

TEST_F(BackendsTest, NameAndNumberAreOneBackend) {
    add("a", {{.name = "http", .port = 80}, {.name = "admin", .port = 9000}});
    const auto by_number = resolve("a", "80");
    const auto by_name = resolve("a", "http");
    ASSERT_EQ(by_number.reason, Reason::ok);
    EXPECT_EQ(by_number.backend, by_name.backend);
    EXPECT_NE(by_name.backend, resolve("a", "admin").backend);
    EXPECT_EQ(by_name.backend->name, "Service/demo/a/http");
    EXPECT_EQ(by_name.backend->key, table::backend_key("Service", "demo", "a", "http"));
    EXPECT_EQ(by_name.backend->port, "http");
}

TEST_F(BackendsTest, UnnamedPortGoesByItsNumber) {
    add("a", {{.name = "", .port = 8000}});
    ASSERT_EQ(resolve("a", "8000").reason, Reason::ok);
    EXPECT_EQ(resolve("a", "8000").backend->name, "Service/demo/a/8000");
    EXPECT_EQ(resolve("a", "").reason, Reason::service_port_not_found);
}

TEST_F(BackendsTest, NumberGoesBeforeANameThatLooksLikeOne) {
    add("a", {{.name = "80", .port = 8080}, {.name = "web", .port = 80}});
    ASSERT_EQ(resolve("a", "80").reason, Reason::ok);
    EXPECT_EQ(resolve("a", "80").backend->name, "Service/demo/a/web");
}

TEST_F(BackendsTest, ServicesThatDifferAreNamedOnce) {
    const auto hashes = [](std::vector<std::string> names) {
        std::unordered_set<uint64_t> out;
        for (const std::string& name : names) out.insert(service_hash("demo", name));
        return out;
    };
    world_.add(service("a"));
    world_.add(service("b"));
    EXPECT_EQ(backends_.look_at(world_.snapshot.services), hashes({"a", "b"}));
    EXPECT_TRUE(backends_.look_at(world_.snapshot.services).empty());
    world_.add(service("b"));
    world_.add(service("c"));
    world_.snapshot.services.erase({model::Kind::service, "demo", "a"});
    EXPECT_EQ(backends_.look_at(world_.snapshot.services), hashes({"a", "b", "c"}));
}

TEST_F(BackendsTest, ABackendStaysTheSameWhileItIsHeld) {
    add("a", {{.name = "http", .port = 80}});
    const BackendPtr held = resolve("a", "http").backend;
    add("a", {{.name = "http", .port = 81}});
    EXPECT_EQ(resolve("a", "80").reason, Reason::service_port_not_found);
    EXPECT_EQ(resolve("a", "81").backend, held);
}

TEST_F(BackendsTest, MissingServiceIsNamed) {
    EXPECT_EQ(resolve("gone", "80").reason, Reason::service_not_found);
    EXPECT_EQ(resolve("gone", "80").message, "Service demo/gone does not exist");
    world_.add(service("a"));
    EXPECT_EQ(resolve("a", "80", "other").reason, Reason::service_not_found);
}

TEST_F(BackendsTest, MissingPortListsThoseThatExist) {
    add("a", {{.name = "http", .port = 80}, {.name = "dns", .protocol = "UDP", .port = 53}});
    EXPECT_EQ(resolve("a", "81").reason, Reason::service_port_not_found);
    EXPECT_EQ(
        resolve("a", "81").message,
        "Service demo/a has no port \"81\": it has 80 (http), 53 (dns) UDP"
    );
    add("b", {});
    EXPECT_EQ(resolve("b", "80").message, "Service demo/b has no port \"80\": it has no ports");
}

TEST_F(BackendsTest, ListOfPortsIsBounded) {
    std::vector<ServicePort> many;
    for (int i = 1; i <= 1000; ++i) many.push_back({.name = "p" + std::to_string(i), .port = i});
    add("a", std::move(many));
    EXPECT_NE(resolve("a", "5000").message.find("10 (p10) and 990 more"), std::string::npos);
    EXPECT_LT(resolve("a", "5000").message.size(), 300u);
}

TEST_F(BackendsTest, OnlyTcpIsTaken) {
    add("dns",
        {{.name = "udp", .protocol = "UDP", .port = 53},
         {.name = "tcp", .protocol = "TCP", .port = 53}});
    ASSERT_EQ(resolve("dns", "53").reason, Reason::ok);
    EXPECT_EQ(resolve("dns", "53").backend->port, "tcp");
    EXPECT_EQ(resolve("dns", "udp").reason, Reason::service_port_not_found);
    EXPECT_NE(resolve("dns", "udp").message.find("is UDP"), std::string::npos);
}

TEST_F(BackendsTest, ExternalNameIsRefused) {
    model::Service external = service("ext");
    external.type = model::ServiceType::external_name;
    world_.add(external);
    EXPECT_EQ(resolve("ext", "80").reason, Reason::service_type_unsupported);
    for (const auto type : {model::ServiceType::node_port, model::ServiceType::load_balancer}) {
        model::Service other = service("other" + std::to_string(static_cast<int>(type)));
        other.type = type;
        world_.add(other);
        EXPECT_EQ(resolve(other.meta.name, "80").reason, Reason::ok);
    }
}

TEST_F(BackendsTest, PortTextIsTakenWhole) {
    world_.add(service("a"));
    for (const char* port : {"80x", " 80", "+80", "080000000000000000000", "-1", "http ", "HTTP"}) {
        EXPECT_EQ(resolve("a", port).reason, Reason::service_port_not_found) << port;
    }
    EXPECT_EQ(resolve("a", std::string("80\0", 3)).reason, Reason::service_port_not_found);
}

TEST_F(BackendsTest, NamesWithSlashesDoNotMix) {
    model::Service first = service("b/c");
    first.meta.ns = "a";
    model::Service second = service("c");
    second.meta.ns = "a/b";
    world_.add(first);
    world_.add(second);
    const auto one = resolve("b/c", "80", "a");
    EXPECT_NE(one.backend, resolve("c", "80", "a/b").backend);
}

TEST_F(BackendsTest, NamesThatNoTableHoldsAreRefused) {
    const std::string control("a\nb");
    world_.add(service(control));
    EXPECT_EQ(resolve(control, "80").reason, Reason::invalid_field);
    const size_t around = std::string("Service/demo//http").size();
    const std::string longest(limits::kNameBytes - around, 'a');
    world_.add(service(longest));
    world_.add(service(longest + "a"));
    EXPECT_EQ(resolve(longest, "80").reason, Reason::ok);
    EXPECT_EQ(resolve(longest + "a", "80").reason, Reason::invalid_field);
}

BackendPtr backend(table::Key64 key, std::string name) {
    return std::make_shared<const Backend>(Backend{key, std::move(name), {}, ""});
}

TEST(Places, GoByFirstUseAndKey) {
    Places places(2);
    const BackendPtr a = backend(7, "a");
    const BackendPtr other = backend(7, "b");
    const BackendPtr c = backend(8, "c");
    const BackendPtr late = backend(9, "d");
    for (const BackendPtr& one : {a, other, a, c, late, c}) places.add(one);
    EXPECT_EQ(places.backends(), (std::vector{a, c}));
    EXPECT_EQ(places.why_unplaced(a.get()), nullptr);
    ASSERT_NE(places.why_unplaced(other.get()), nullptr);
    EXPECT_EQ(places.why_unplaced(other.get())->reason, Reason::key_collision);
    ASSERT_NE(places.why_unplaced(late.get()), nullptr);
    EXPECT_EQ(places.why_unplaced(late.get())->reason, Reason::too_many_objects);
}

}  // namespace
}  // namespace sluice::compile
