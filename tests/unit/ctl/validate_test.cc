// What `sluicectl validate` says about directories of manifests.
#include "sluicectl/validate.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

#include "tests/unit/new_folder.h"

namespace sluice::ctl {
namespace {

constexpr const char* kService = R"(apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports: [{name: http, port: 80}]
)";

std::string ingress_to(const std::string& service) {
    return R"(apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: sluice
  rules:
  - host: web.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: )" +
           service + R"(, port: {number: 80}}}
)";
}

class Validate : public testing::Test {
protected:
    void SetUp() override { folder_ = new_folder(); }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ + "/" + name) << text;
    }
    Manifests read() const { return read_manifests({folder_}, {}); }

    std::string folder_;
};

TEST_F(Validate, what_is_right_has_no_faults) {
    write("service.yaml", kService);
    write("ingress.yaml", ingress_to("web"));
    const Manifests manifests = read();
    EXPECT_FALSE(has_faults(manifests));
    const std::string text = validation_text(manifests);
    EXPECT_NE(text.find("Ingress default/web: accepted"), std::string::npos) << text;
    EXPECT_NE(text.find(" 0 with refusals, 0 problems in files\n"), std::string::npos);
    EXPECT_TRUE(validation_json(manifests).starts_with("{\"valid\": true"));
}

TEST_F(Validate, a_typo_is_named_with_its_place) {
    write("service.yaml", std::string(kService) + "  tpyo: 1\n");
    const Manifests manifests = read();
    EXPECT_TRUE(has_faults(manifests));
    const std::string text = validation_text(manifests);
    EXPECT_NE(text.find(folder_ + "/service.yaml:6:"), std::string::npos) << text;
    EXPECT_NE(text.find("tpyo"), std::string::npos);
    EXPECT_NE(text.find("1 problem in files\n"), std::string::npos);
    const std::string json = validation_json(manifests);
    EXPECT_NE(json.find("\"line\":6"), std::string::npos) << json;
}

TEST_F(Validate, a_reference_to_nothing_is_a_fault) {
    write("ingress.yaml", ingress_to("absent"));
    const Manifests manifests = read();
    EXPECT_TRUE(has_faults(manifests));
    EXPECT_NE(validation_text(manifests).find("absent"), std::string::npos);
}

TEST_F(Validate, kinds_that_are_not_ours_are_noted_and_no_fault) {
    write("app.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n");
    const Manifests manifests = read();
    EXPECT_FALSE(has_faults(manifests));
    EXPECT_NE(validation_text(manifests).find("Deployment"), std::string::npos);
}

TEST_F(Validate, a_directory_that_is_not_there_is_a_fault) {
    EXPECT_TRUE(has_faults(read_manifests({folder_ + "/absent"}, {})));
}

TEST_F(Validate, the_quickstart_is_right_when_loopback_is_allowed) {
    compile::Options options;
    EXPECT_TRUE(has_faults(read_manifests({"examples/quickstart"}, options)));
    options.allow_loopback_endpoints = true;
    const Manifests manifests = read_manifests({"examples/quickstart"}, options);
    EXPECT_FALSE(has_faults(manifests)) << validation_text(manifests);
    EXPECT_FALSE(manifests.compiled.routes.rules.empty());
    EXPECT_EQ(manifests.compiled.endpoints.sets.size(), 3u);
}

TEST_F(Validate, exit_codes) {
    write("service.yaml", kService);
    testing::internal::CaptureStdout();
    EXPECT_EQ(validate({.paths = {folder_}, .output = "json", .options = {}}), 0);
    EXPECT_TRUE(testing::internal::GetCapturedStdout().starts_with("{\"valid\": true"));
    write("broken.yaml", "kind: [\n");
    testing::internal::CaptureStdout();
    EXPECT_EQ(validate({.paths = {folder_}, .output = "text", .options = {}}), 1);
    EXPECT_NE(testing::internal::GetCapturedStdout().find("broken.yaml:"), std::string::npos);
}

}  // namespace
}  // namespace sluice::ctl
