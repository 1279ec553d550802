// Class selection: every way in which an object can be ours or not.
#include "controller/compile/classes.h"

#include <gtest/gtest.h>

#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
constexpr const char* kOurs = "sluice.dev/ingress-controller";

model::IngressClass ingress_class(
    std::string name, std::string controller, bool is_default = false, std::string created = ""
) {
    model::IngressClass out;
    out.meta = meta(std::move(name), std::move(created), "");
    out.controller = std::move(controller);
    if (is_default) out.meta.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
    return out;
}

Classes::Answer ask(const World& world, std::optional<std::string> named) {
    return Classes(world.snapshot, world.options).ask(named);
}

TEST(Classes, OwnByTheirController) {
    World world;
    world.add(ingress_class("gateway", kOurs));
    world.add(ingress_class("nginx", "k8s.io/ingress-nginx"));
    EXPECT_TRUE(ask(world, "gateway").ours);
    EXPECT_FALSE(ask(world, "nginx").ours);
    EXPECT_EQ(ask(world, "nginx").reason, Reason::other_class);
    EXPECT_NE(ask(world, "nginx").message.find("k8s.io/ingress-nginx"), std::string::npos);
}

TEST(Classes, ControllerNameIsAnOption) {
    World world;
    world.options.controller_name = "example.com/second";
    world.add(ingress_class("first", kOurs));
    world.add(ingress_class("second", "example.com/second"));
    EXPECT_FALSE(ask(world, "first").ours);
    EXPECT_TRUE(ask(world, "second").ours);
}

TEST(Classes, OwnNameNeedsNoObject) {
    const World world;
    EXPECT_TRUE(ask(world, "sluice").ours);
    EXPECT_EQ(ask(world, "other").reason, Reason::class_not_found);
    World renamed;
    renamed.options.class_name = "front";
    EXPECT_TRUE(ask(renamed, "front").ours);
    EXPECT_FALSE(ask(renamed, "sluice").ours);
}

TEST(Classes, OwnNameOfAnotherControllerIsNotOurs) {
    World world;
    world.add(ingress_class("sluice", "example.com/other"));
    EXPECT_FALSE(ask(world, "sluice").ours);
}

TEST(Classes, AbsentAndEmptyNamesMeanTheDefaultClass) {
    World world;
    EXPECT_FALSE(ask(world, std::nullopt).ours);
    world.add(ingress_class("sluice", kOurs, true));
    EXPECT_TRUE(ask(world, std::nullopt).ours);
    EXPECT_TRUE(ask(world, "").ours);
}

TEST(Classes, DefaultOfAnotherControllerIsNotOurs) {
    World world;
    world.add(ingress_class("sluice", kOurs));
    world.add(ingress_class("nginx", "k8s.io/ingress-nginx", true));
    EXPECT_FALSE(ask(world, std::nullopt).ours);
    world.options.watch_without_class = true;
    EXPECT_TRUE(ask(world, std::nullopt).ours);
}

TEST(Classes, NewestDefaultCountsThenTheFirstName) {
    World world;
    world.add(ingress_class("ours", kOurs, true, "2022-01-01T00:00:00Z"));
    world.add(ingress_class("theirs", "x.y/z", true, "2021-01-01T00:00:00Z"));
    EXPECT_TRUE(ask(world, std::nullopt).ours);
    world.add(ingress_class("theirs", "x.y/z", true, "2023-01-01T00:00:00Z"));
    EXPECT_FALSE(ask(world, std::nullopt).ours);
    world.add(ingress_class("theirs", "x.y/z", true, "2022-01-01T00:00:00Z"));
    EXPECT_TRUE(ask(world, std::nullopt).ours);  // "ours" < "theirs"
}

TEST(Classes, ReportOnlyOurOwn) {
    World world;
    world.add(ingress_class("new", kOurs, true, "2022-01-01T00:00:00Z"));
    world.add(ingress_class("old", kOurs, true, "2020-01-01T00:00:00Z"));
    world.add(ingress_class("theirs", "x.y/z"));
    const Compiled compiled = world.run();
    EXPECT_TRUE(verdict_of(compiled, "IngressClass new").findings.empty());
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "IngressClass old")),
        std::vector<std::string>{"warning conflict metadata.annotations"}
    );
    EXPECT_FALSE(verdict_of(compiled, "IngressClass theirs").ours);
}

TEST(Classes, WhatIsNotOursLeavesNoTrace) {
    World world;
    world.add(service("a"));
    model::Ingress foreign = ingress("web", "x.org", {path(model::PathType::prefix, "/")});
    foreign.class_name = "nginx";
    foreign.meta.annotations["nginx.ingress.kubernetes.io/rewrite-target"] = "/";
    foreign.tls.emplace_back();
    world.add(foreign);
    model::ModelRoute route_of_others = route("chat", {rule("main")});
    route_of_others.class_name.reset();
    world.add(route_of_others);
    const Compiled compiled = world.run();
    EXPECT_TRUE(compiled.routes.hosts.empty());
    EXPECT_TRUE(compiled.routes.rules.empty());
    EXPECT_TRUE(compiled.routes.backends.empty());
    EXPECT_TRUE(compiled.endpoints.sets.empty());
    const Verdict& verdict = verdict_of(compiled, "Ingress demo/web");
    EXPECT_FALSE(verdict.ours);
    EXPECT_FALSE(verdict.accepted);
    EXPECT_EQ(verdict.accepted_reason, Reason::class_not_found);
    EXPECT_EQ(verdict.findings.size(), 1u);
    EXPECT_EQ(verdict_of(compiled, "ModelRoute demo/chat").accepted_reason, Reason::other_class);
}

}  // namespace
}  // namespace sluice::compile
