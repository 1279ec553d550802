// Tests the index from objects to files: what changed, who wins, and what is reported, without any
// file.
#include "controller/files/catalog.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::files {
namespace {

using model::Object;

Object object(const std::string& name, const std::string& file) {
    auto service = std::make_shared<model::Service>();
    service->meta.name = name;
    service->meta.ns = "demo";
    service->meta.origin = {file, {1, 1}};
    return std::shared_ptr<const model::Service>(std::move(service));
}

Manifest holding(const std::string& file, const std::vector<std::string>& names) {
    Manifest manifest;
    for (const std::string& name : names) manifest.objects.push_back(object(name, file));
    return manifest;
}

Manifest broken(const std::string& file) {
    Manifest manifest;
    manifest.problems.push_back({{file, {1, 1}}, "", "is broken"});
    return manifest;
}

std::string owner(const Object& one) {
    return origin_of(one).file;
}

TEST(Catalog, ChangesAreTold) {
    Catalog catalog;
    catalog.replace("a", holding("a", {"x", "y"}));
    EXPECT_EQ(catalog.take_changes().apply.size(), 2u);
    EXPECT_TRUE(catalog.take_changes().apply.empty());
    catalog.replace("a", holding("a", {"z"}));
    const model::Batch batch = catalog.take_changes();
    EXPECT_EQ(batch.apply.size(), 1u);
    EXPECT_EQ(batch.remove.size(), 2u);
    catalog.remove("a");
    catalog.remove("never there");
    EXPECT_EQ(catalog.take_changes().remove.size(), 1u);
    EXPECT_FALSE(catalog.holds_objects("a"));
}

TEST(Catalog, AnObjectThatMovesBetweenFilesIsNeverRemoved) {
    Catalog catalog;
    catalog.replace("b", holding("b", {"x"}));
    catalog.take_changes();
    catalog.replace("a", holding("a", {"x"}));
    catalog.remove("b");
    const model::Batch batch = catalog.take_changes();
    EXPECT_TRUE(batch.remove.empty());
    ASSERT_EQ(batch.apply.size(), 1u);
    EXPECT_EQ(owner(batch.apply[0]), "a");
    EXPECT_TRUE(catalog.report().problems.empty());
}

TEST(Catalog, ALoserIsNotTold) {
    Catalog catalog;
    catalog.replace("a", holding("a", {"x"}));
    catalog.take_changes();
    catalog.replace("b", holding("b", {"x"}));
    EXPECT_TRUE(catalog.take_changes().apply.empty());
    ASSERT_EQ(catalog.report().problems.size(), 1u);
    EXPECT_EQ(catalog.report().problems[0].origin.file, "b");
    catalog.remove("a");
    EXPECT_EQ(owner(catalog.take_changes().apply.at(0)), "b");
}

TEST(Catalog, AProblemKeepsWhatWasThere) {
    Catalog catalog;
    catalog.replace("a", holding("a", {"x"}));
    catalog.take_changes();
    catalog.replace("a", broken("a"));
    catalog.fail("b", {{"b", {}}, "", "cannot be read"});
    const model::Batch batch = catalog.take_changes();
    EXPECT_TRUE(batch.apply.empty() && batch.remove.empty());
    EXPECT_TRUE(catalog.holds_objects("a"));
    EXPECT_EQ(catalog.report().problems.size(), 2u);
    catalog.replace("a", holding("a", {"x"}));
    catalog.remove("b");
    EXPECT_TRUE(catalog.report().problems.empty());
}

TEST(Catalog, ReportsHaveALimit) {
    Catalog catalog;
    const auto add = [&](size_t i) {
        const std::string file = std::to_string(i);
        Manifest manifest;
        manifest.skipped.push_back(file);
        catalog.replace("skipped" + file, std::move(manifest));
        catalog.replace("broken" + file, broken(file));
    };
    for (size_t i = 0; i < limits::kReportLines; ++i) add(i);
    EXPECT_EQ(catalog.report().problems.size(), limits::kReportLines);
    EXPECT_EQ(catalog.report().skipped.size(), limits::kReportLines);
    add(limits::kReportLines);
    EXPECT_EQ(catalog.report().problems.size(), limits::kReportLines);
    EXPECT_EQ(catalog.report().skipped.size(), limits::kReportLines);
}

}  // namespace
}  // namespace sluice::files
