// Tests writers that keep their file open: what they have written so far never takes away what is
// served.
#include "controller/files/settling.h"
#include "tests/unit/files/watching.h"

namespace sluice::files {
namespace {

using Writer = Watching;

TEST_F(Writer, ANewFileIsReadWhenItsWriterRests) {
    start();
    OpenFile file(directory_.at("a.yaml"), 0);
    file.put(service("a", 2));
    poll(5000);
    ASSERT_EQ(source_->due(), 5100 * kMs);
    poll(5099);
    EXPECT_EQ(held_, Held{});
    poll(5100);
    EXPECT_EQ(held_, (Held{{"a", 2}}));
    EXPECT_FALSE(source_->due().has_value());
}

// (head -4 services.yaml; sleep 0.6; tail -n +5 services.yaml) > live/services.yaml
TEST_F(Writer, APauseAmidAFileTakesNothingAway) {
    directory_.write("a.yaml", service("a", 1) + "---\n" + service("b", 1));
    start();
    OpenFile file(directory_.at("a.yaml"), O_TRUNC);
    file.put(service("a", 2));
    for (int64_t now = 5000; now <= 5600; now += 50) {
        const model::Batch batch = poll(now);
        EXPECT_TRUE(batch.remove.empty() && batch.apply.empty()) << now;
    }
    EXPECT_EQ(held_, (Held{{"a", 1}, {"b", 1}}));
    EXPECT_EQ(problems(), Texts{});
    file.put("---\n" + service("b", 2));
    poll(5650);
    file.finish();
    poll(5660);
    EXPECT_EQ(held_, (Held{{"a", 2}, {"b", 2}}));
    EXPECT_FALSE(source_->due().has_value()) << "a closed file settles nothing";
}

TEST_F(Writer, APauseAmidAnObjectLeavesItWhole) {
    const std::string head =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n";
    const std::string ports = "  - {name: p, port: 1}\n  - {name: q, port: 2}\n";
    directory_.write("a.yaml", head + ports);
    start();
    ASSERT_EQ(problems(), Texts{});
    OpenFile file(directory_.at("a.yaml"), O_TRUNC);
    file.put(head + ports.substr(0, ports.size() / 2));
    poll(5000);
    EXPECT_TRUE(poll(5100).apply.empty()) << "it parses, with one port less";
    EXPECT_TRUE(poll(9000).apply.empty());
}

TEST_F(Writer, AFileCutToNothingIsNotBelieved) {
    directory_.write("a.yaml", service("a", 1));
    start();
    OpenFile file(directory_.at("a.yaml"), O_TRUNC);
    poll(5000);
    poll(5100);
    poll(60'000);
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    file.put(service("a", 2));
    file.finish();
    poll();
    EXPECT_EQ(held_, (Held{{"a", 2}}));
}

TEST_F(Writer, WhatIsNeverClosedIsBelievedAfterALongRest) {
    directory_.write("a.yaml", service("a", 1) + "---\n" + service("b", 1));
    start();
    const std::string kept = service("a", 1);
    ASSERT_EQ(::truncate(directory_.at("a.yaml").c_str(), static_cast<off_t>(kept.size())), 0);
    poll(5000);
    poll(5100);
    const int64_t believed = 5100 + kUnclosed / kMs;
    ASSERT_EQ(source_->due(), believed * kMs);
    poll(believed - 1);
    EXPECT_EQ(held_, (Held{{"a", 1}, {"b", 1}}));
    poll(believed);
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    EXPECT_FALSE(source_->due().has_value());
}

TEST_F(Writer, AWriterThatGoesOnBeginsTheRestAnew) {
    directory_.write("a.yaml", service("a", 1));
    start();
    OpenFile file(directory_.at("a.yaml"), O_TRUNC);
    poll(5000);
    poll(5100);
    file.put(service("b", 1));
    poll(65'000);
    poll(65'100);
    EXPECT_EQ(held_, (Held{{"a", 1}}));
    file.finish();
    poll();
    EXPECT_EQ(held_, (Held{{"b", 1}}));
}

TEST_F(Writer, NewAttributesOfTheSameContentAreNoNews) {
    directory_.write("a.yaml", service("a"));
    start();
    ASSERT_EQ(::chmod(directory_.at("a.yaml").c_str(), 0600), 0);
    settle();
    EXPECT_EQ(source_->files_parsed(), 1u);
    EXPECT_EQ(problems(), Texts{});
}

}  // namespace
}  // namespace sluice::files
