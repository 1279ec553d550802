// What an Ingress says besides its rules: annotations and TLS.
#include "controller/compile/annotations.h"

#include <gtest/gtest.h>

#include "tests/unit/compile/world.h"

namespace sluice::compile {
namespace {

using namespace testing_support;
using Texts = std::vector<std::string>;

Texts findings(std::map<std::string, std::string> annotations) {
    model::Ingress one = ingress("web", "h.org", {});
    one.meta.annotations = std::move(annotations);
    ObjectReport report({model::Kind::ingress, "demo", "web"}, 1);
    report_annotations(one, report);
    return findings_of(report.take());
}

TEST(Annotations, ForeignOnesAreNotOurBusiness) {
    EXPECT_TRUE(findings({{"example.com/x", "1"},
                          {"kubernetes.io/ingress.class", "sluice"},
                          {"kubectl.kubernetes.io/last-applied-configuration", "{}"}})
                    .empty());
}

TEST(Annotations, ExpectedOnesAreNamedOneByOne) {
    EXPECT_EQ(
        findings({{"nginx.ingress.kubernetes.io/rewrite-target", "/"}, {"sluice.dev/x", "1"}}),
        (Texts{
            "warning unsupported_field "
            "metadata.annotations[\"nginx.ingress.kubernetes.io/rewrite-target\"]",
            "warning unsupported_field metadata.annotations[\"sluice.dev/x\"]"
        })
    );
}

TEST(Annotations, SnippetsAreRefusedAndTheRulesServed) {
    for (const char* name :
         {"configuration-snippet", "server-snippet", "stream-snippet", "auth-snippet"}) {
        EXPECT_EQ(
            findings({{std::string("nginx.ingress.kubernetes.io/") + name, "x"}})
                .at(0)
                .substr(0, 7),
            "refused"
        ) << name;
    }
    World world;
    world.add(service("a"));
    model::Ingress one = ingress("web", "h.org", {path(model::PathType::prefix, "/")});
    one.meta.annotations["nginx.ingress.kubernetes.io/server-snippet"] = "return 200;";
    world.add(one);
    const Compiled compiled = world.run();
    EXPECT_TRUE(verdict_of(compiled, "Ingress demo/web").accepted);
    EXPECT_EQ(compiled.routes.rules.size(), 1u);
}

TEST(Tls, EachEntryIsToldToBeNotYetServed) {
    World world;
    world.add(service("a"));
    model::Ingress one = ingress("web", "h.org", {path(model::PathType::prefix, "/")});
    one.tls = {{{"h.org"}, "cert"}, {{}, "other"}};
    world.add(one);
    const Compiled compiled = world.run();
    EXPECT_EQ(
        findings_of(verdict_of(compiled, "Ingress demo/web")),
        (Texts{"warning tls_not_served spec.tls[0]", "warning tls_not_served spec.tls[1]"})
    );
    EXPECT_TRUE(verdict_of(compiled, "Ingress demo/web").accepted);
    EXPECT_EQ(compiled.routes.rules.size(), 1u);
}

}  // namespace
}  // namespace sluice::compile
