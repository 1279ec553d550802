// When an object is Programmed: the running table was made from it as it is now.
#include "controller/loop/ledger.h"

#include <gtest/gtest.h>

#include "tests/unit/loop/snapshots.h"

namespace sluice::loop {
namespace {

using Status = Programmed::Status;

constexpr table::Digests kA{1, 1, 0};
constexpr table::Digests kB{2, 1, 0};
constexpr table::Digests kC{3, 1, 0};

class LedgerTest : public testing::Test {
protected:
    void compile(const std::vector<RoutePtr>& routes, const table::Digests& digests) {
        ledger_.compiled(*snapshot_of(routes), said_of(verdicts_of(routes)));
        ledger_.offered(digests);
    }
    Status status(const RoutePtr& object) const {
        return ledger_.programmed(verdict_of(object)).status;
    }
    Ledger ledger_;
};

TEST_F(LedgerTest, nothing_runs_at_first) {
    EXPECT_EQ(ledger_.newest(), 0u);
    EXPECT_EQ(ledger_.running_revision(), 0u);
    EXPECT_TRUE(ledger_.verdicts().empty());
    EXPECT_EQ(status(route("chat")), Status::pending);
}

TEST_F(LedgerTest, an_object_is_programmed_when_its_table_runs) {
    const RoutePtr chat = route("chat");
    compile({chat}, kA);
    EXPECT_EQ(status(chat), Status::pending);
    ledger_.running(7, kA);
    EXPECT_EQ(status(chat), Status::yes);
    EXPECT_EQ(ledger_.running_generation(), 7u);
    EXPECT_EQ(ledger_.running_revision(), 1u);
}

TEST_F(LedgerTest, only_what_changed_waits_again) {
    const RoutePtr chat = route("chat");
    const RoutePtr embed = route("embed");
    compile({chat, embed}, kA);
    ledger_.running(1, kA);
    const RoutePtr edited = route("chat");
    compile({edited, embed}, kB);
    EXPECT_EQ(status(edited), Status::pending);
    EXPECT_EQ(status(embed), Status::yes);
    ledger_.running(2, kB);
    EXPECT_EQ(status(edited), Status::yes);
}

TEST_F(LedgerTest, remembers_a_bounded_number_of_offers) {
    const RoutePtr chat = route("chat");
    const auto at = [](size_t number) { return table::Digests{number + 1, 1, 0}; };
    for (size_t i = 0; i <= Ledger::kOffers; ++i) compile({chat}, at(i));
    ledger_.running(1, at(0));
    EXPECT_EQ(ledger_.running_revision(), 0u) << "one more than are remembered";
    ledger_.running(2, at(1));
    EXPECT_EQ(ledger_.running_revision(), 2u);
    ledger_.running(3, at(Ledger::kOffers));
    EXPECT_EQ(ledger_.running_revision(), Ledger::kOffers + 1);
}

TEST_F(LedgerTest, a_skipped_compile_is_covered_by_the_next) {
    const RoutePtr one = route("one");
    const RoutePtr two = route("two");
    compile({one}, kA);
    compile({one, two}, kB);  // overtook the first before it was sent
    ledger_.running(1, kB);
    EXPECT_EQ(status(one), Status::yes);
    EXPECT_EQ(status(two), Status::yes);
}

TEST_F(LedgerTest, an_answer_to_an_older_table_covers_no_newer_object) {
    const RoutePtr one = route("one");
    const RoutePtr two = route("two");
    compile({one}, kA);
    compile({one, two}, kB);
    ledger_.running(1, kA);
    EXPECT_EQ(status(one), Status::yes);
    EXPECT_EQ(status(two), Status::pending);
    ledger_.running(2, kB);
    EXPECT_EQ(status(two), Status::yes);
}

TEST_F(LedgerTest, equal_bytes_cover_the_newest_compile_that_made_them) {
    const RoutePtr chat = route("chat");
    compile({chat}, kA);
    ledger_.running(1, kA);
    const RoutePtr relabelled = route("chat");  // changes no routing
    compile({relabelled}, kA);
    EXPECT_EQ(status(relabelled), Status::pending);
    ledger_.running(1, kA);
    EXPECT_EQ(status(relabelled), Status::yes);
}

TEST_F(LedgerTest, a_table_of_another_controller_covers_nothing) {
    const RoutePtr chat = route("chat");
    compile({chat}, kA);
    ledger_.running(9, kC);
    EXPECT_EQ(status(chat), Status::pending);
    EXPECT_EQ(ledger_.running_revision(), 0u);
    EXPECT_EQ(ledger_.running_generation(), 9u);
}

TEST_F(LedgerTest, a_refusal_is_said_of_what_waits_until_the_next_compile) {
    const RoutePtr old = route("old");
    compile({old}, kA);
    ledger_.running(1, kA);
    const RoutePtr chat = route("chat");
    compile({old, chat}, kB);
    ledger_.refused(Reason::table_corrupt, "bytes 8 to 16");
    EXPECT_EQ(status(old), Status::yes);
    const Programmed programmed = ledger_.programmed(verdict_of(chat));
    EXPECT_EQ(programmed.status, Status::refused);
    EXPECT_EQ(programmed.reason, Reason::table_corrupt);
    EXPECT_EQ(programmed.message, "bytes 8 to 16");
    compile({old, chat}, kC);
    EXPECT_EQ(status(chat), Status::pending);
    ledger_.running(2, kC);
    EXPECT_EQ(status(chat), Status::yes);
}

TEST_F(LedgerTest, a_compile_that_was_never_built_covers_nothing) {
    const RoutePtr chat = route("chat");
    ledger_.compiled(*snapshot_of({chat}), said_of(verdicts_of({chat})));
    ledger_.refused(Reason::table_too_large, "too many hosts");
    ledger_.running(1, kA);
    EXPECT_EQ(status(chat), Status::refused);
}

TEST_F(LedgerTest, what_is_not_accepted_is_not_programmed) {
    const RoutePtr chat = route("chat");
    compile({chat}, kA);
    ledger_.running(1, kA);
    compile::Verdict verdict = verdict_of(chat);
    verdict.accepted = false;
    verdict.accepted_reason = Reason::conflict;
    EXPECT_EQ(ledger_.programmed(verdict).status, Status::not_accepted);
    EXPECT_EQ(ledger_.programmed(verdict).reason, Reason::conflict);
    verdict.accepted = true;
    verdict.ours = false;
    EXPECT_EQ(ledger_.programmed(verdict).status, Status::not_accepted);
}

TEST_F(LedgerTest, an_update_of_endpoints_leaves_all_other_objects_as_they_were) {
    const RoutePtr chat = route("chat");
    const auto slice = [](const std::string& version) {
        auto object = std::make_shared<model::EndpointSlice>();
        object->meta.name = "chat-1";
        object->meta.ns = "demo";
        object->meta.resource_version = version;
        return object;
    };
    const model::ObjectKey key{model::Kind::endpoint_slice, "demo", "chat-1"};
    compile::Verdict of_slice;
    of_slice.object = key;
    model::Snapshot snapshot = *snapshot_of({chat});
    snapshot.endpoint_slices[key] = slice("5");
    ledger_.compiled(snapshot, said_of(verdicts_of({chat})));
    ledger_.offered(kA);
    ledger_.running(1, kA);
    snapshot.endpoint_slices[key] = slice("8");
    ledger_.updated(snapshot.endpoint_slices, said_of({of_slice, verdict_of(chat)}));
    ledger_.offered(kB);
    EXPECT_EQ(status(chat), Status::yes);
    EXPECT_EQ(ledger_.programmed(of_slice).status, Status::pending);
    EXPECT_EQ(ledger_.verdicts().size(), 2u);
    ledger_.running(2, kB);
    EXPECT_EQ(ledger_.programmed(of_slice).status, Status::yes);
    EXPECT_EQ(ledger_.running_versions()[static_cast<size_t>(model::Kind::endpoint_slice)], 8u);
}

TEST_F(LedgerTest, an_object_that_went_and_came_back_waits_again) {
    const RoutePtr chat = route("chat");
    compile({chat}, kA);
    ledger_.running(1, kA);
    compile({}, kB);
    compile({chat}, kC);
    EXPECT_EQ(status(chat), Status::pending);
}

TEST_F(LedgerTest, versions_are_those_of_the_running_compile) {
    const auto kind = static_cast<size_t>(model::Kind::model_route);
    compile({route("a", "7"), route("b", "31")}, kA);
    EXPECT_EQ(ledger_.running_versions()[kind], 0u);
    ledger_.running(1, kA);
    EXPECT_EQ(ledger_.running_versions()[kind], 31u);
    compile({route("a", "40"), route("b", "none")}, kB);
    EXPECT_EQ(ledger_.running_versions()[kind], 31u);
    ledger_.running(2, kB);
    EXPECT_EQ(ledger_.running_versions()[kind], 40u);
}

}  // namespace
}  // namespace sluice::loop
