// What an exchange leaves behind: statistics, in-flight numbers, journal and log record.
#include "proxy/exchange/account.h"

#include <optional>

#include "tests/unit/exchange/fixture.h"

namespace sluice::exchange {
namespace {

using testing::Ask;
using testing::ExchangeTest;
using testing::kMs;
using testing::plain_rule;
using testing::Running;
using testing::start;

// Of the one rule in these tests, and of its one backend (tests/unit/exchange/delivered.h).
constexpr live::Slot kRuleSlot = 2;
constexpr live::Slot kBackendSlot = 3;

struct Logged {
    live::LogFacts facts;
    std::array<std::string, live::kLogTexts> texts;
    std::string text(live::LogText which, size_t after = 0) const {
        return texts[static_cast<size_t>(which) + after];
    }
    Reason reason() const { return static_cast<Reason>(facts.reason); }
};

class AccountTest : public ExchangeTest {
protected:
    std::optional<Logged> next_record() {
        Logged logged;
        live::LogTexts texts;
        if (!reader_.next(logged.facts, texts)) return std::nullopt;
        for (size_t i = 0; i < texts.size(); ++i) logged.texts[i] = texts[i];
        reader_.release();
        return logged;
    }
    live::CounterSum counted(live::Slot slot) const { return live::sum(world_.live.mapping, slot); }
    uint64_t count_of(live::Slot slot, Reason reason, uint8_t status_class) const {
        for (const live::Outcome& outcome : counted(slot).outcomes) {
            const bool same = outcome.reason == static_cast<uint16_t>(reason) &&
                              outcome.status_class == status_class;
            if (same) return outcome.count;
        }
        return 0;
    }
    live::Phase phase_of_first() const { return world_.live.mapping.journal(0)[0].phase.load(); }

    live::LogReader reader_{world_.live.mapping, 0};
};

TEST_F(AccountTest, AGoodExchange) {
    install(1);
    Running one;
    start(world_, one, {.body = true});
    one.client.feed("0123456789", true);
    EXPECT_EQ(counted(kBackendSlot).in_flight, 1u);
    EXPECT_EQ(world_.live.journal.open_count(), 1u);
    world_.pass(30);
    world_.stream(0).answer(200, "hello", false);
    world_.pass(20);
    world_.stream(0).send(", world", true);
    ASSERT_TRUE(one.over);
    EXPECT_EQ(world_.live.journal.open_count(), 0u);

    const live::CounterSum sum = counted(kBackendSlot);
    EXPECT_EQ(count_of(kBackendSlot, Reason::ok, 2), 1u);
    EXPECT_EQ(sum.in_flight, 0u);
    EXPECT_EQ(sum.bytes_in, 10u);
    EXPECT_EQ(sum.bytes_out, 12u);
    EXPECT_EQ(sum.duration.sum_ns, 50u * kMs);
    EXPECT_EQ(sum.first_byte.sum_ns, 30u * kMs);
    EXPECT_EQ(counted(kRuleSlot).duration.count(), 0u);

    const auto logged = next_record();
    ASSERT_TRUE(logged);
    EXPECT_EQ(logged->reason(), Reason::ok);
    EXPECT_EQ(logged->facts.status, 200);
    EXPECT_EQ(logged->facts.counter_slot, kBackendSlot);
    EXPECT_EQ(logged->facts.tries, 1u);
    EXPECT_EQ(logged->facts.bytes_in, 10u);
    EXPECT_EQ(logged->facts.bytes_out, 12u);
    EXPECT_EQ(logged->facts.connect_ns, 0);
    EXPECT_EQ(logged->facts.first_byte_ns, 30 * kMs);
    EXPECT_EQ(logged->facts.duration_ns, 50 * kMs);
    EXPECT_EQ(logged->facts.endpoint_port, 9000);
    EXPECT_EQ(logged->text(live::LogText::method), "POST");
    EXPECT_EQ(logged->text(live::LogText::host), "models.example");
    EXPECT_EQ(logged->text(live::LogText::path), "/v1/chat/completions");
    EXPECT_EQ(logged->text(live::LogText::request_id), one.client.fields["x-request-id"]);
    EXPECT_FALSE(next_record()) << "one record an exchange";
}

TEST_F(AccountTest, TheJournalFollowsThePhases) {
    install(1);
    Running one;
    start(world_, one, {});
    EXPECT_EQ(phase_of_first(), live::Phase::forwarding);
    const live::JournalRecord& record = world_.live.mapping.journal(0)[0];
    EXPECT_EQ(record.counter_slot, kBackendSlot);
    EXPECT_EQ(record.load_slot, world_.stream(0).slot);
    EXPECT_EQ(record.rule_key, plain_rule().key.low);
    EXPECT_EQ(world_.live.mapping.worker(0).current.load(), 0u) << "it waits";
    world_.stream(0).answer(200, "a", false);
    EXPECT_EQ(phase_of_first(), live::Phase::relaying);
    world_.stream(0).send("", true);
    EXPECT_EQ(phase_of_first(), live::Phase::free);
}

TEST_F(AccountTest, WhatNoRuleMatchedCountsAsUnrouted) {
    install(1);
    Running one;
    start(world_, one, {.host = "nobody.example"});
    EXPECT_EQ(count_of(live::kUnroutedSlot, Reason::no_host, 4), 1u);
    const auto logged = next_record();
    ASSERT_TRUE(logged);
    EXPECT_EQ(logged->reason(), Reason::no_host);
    EXPECT_EQ(logged->facts.status, 404);
    EXPECT_EQ(logged->facts.tries, 0u);
    EXPECT_EQ(logged->text(live::LogText::host), "nobody.example");
}

TEST_F(AccountTest, WhatNoBackendAnsweredCountsForTheRule) {
    install(0);
    Running one;
    start(world_, one, {});
    EXPECT_EQ(count_of(kRuleSlot, Reason::no_endpoints, 5), 1u);
    EXPECT_EQ(counted(kRuleSlot).in_flight, 0u);
}

TEST_F(AccountTest, ARetryCountsOnceAndItsEndpointFailed) {
    install(2);
    world_.upstreams.next_connects = false;
    Running one;
    start(world_, one, {});
    const live::Slot first = world_.stream(0).slot;
    world_.upstreams.next_connects = true;
    Failure refused{upstream::Side::upstream, Reason::connect_refused};
    refused.never_connected = true;
    world_.stream(0).fail(refused);
    world_.stream(0).raise(net::kWritable);
    world_.stream(1).answer(200, "ok", true);
    ASSERT_TRUE(one.over);
    EXPECT_EQ(counted(kBackendSlot).retries, 1u);
    EXPECT_EQ(counted(kBackendSlot).duration.count(), 1u);
    EXPECT_EQ(world_.loads.failures(first), 1u);
    EXPECT_EQ(world_.loads.failures(world_.stream(1).slot), 0u);
    EXPECT_EQ(next_record()->facts.tries, 2u);
}

TEST_F(AccountTest, AnAnswerThatIsCutKeepsItsStatus) {
    install(1);
    Running one;
    start(world_, one, {});
    world_.stream(0).answer(200, "half", false);
    one.client.go();
    ASSERT_TRUE(one.over);
    EXPECT_EQ(count_of(kBackendSlot, Reason::client_gone, 2), 1u);
    EXPECT_EQ(world_.loads.failures(world_.stream(0).slot), 0u) << "not the endpoint's fault";
    EXPECT_EQ(next_record()->facts.bytes_out, 4u);
}

TEST_F(AccountTest, AHeadThatIsNoRequestIsLoggedToo) {
    Running one;
    one.wheel = &world_.wheel;
    testing::run(world_.services, one, Reason::bad_method);
    const auto logged = next_record();
    ASSERT_TRUE(logged);
    EXPECT_EQ(logged->reason(), Reason::bad_method);
    EXPECT_EQ(logged->facts.status, 400);
    EXPECT_EQ(logged->text(live::LogText::path), "");
    EXPECT_EQ(logged->text(live::LogText::caller), one.client.caller().source);
}

TEST_F(AccountTest, HeadersOfTheAllowListAndTheTrace) {
    const std::vector<std::string> names{"x-tenant", "x-absent"};
    world_.services.log.headers = names;
    install(1);
    Running one;
    http::RequestHead& head = world_.scratch->request;
    start(world_, one, {.connection = "close"});
    world_.stream(0).answer(200, "ok", true);
    next_record();
    // As start() does it, with two fields more.
    Running two;
    world_.scratch->text.reset();
    head.fields.clear();
    head.fields.add("x-tenant", "blue");
    head.fields.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    head.method = "GET";
    two.client.feed("", true);
    two.wheel = &world_.wheel;
    testing::run(world_.services, two, Reason::ok);
    world_.stream(1).answer(200, "ok", true);
    const auto logged = next_record();
    ASSERT_TRUE(logged);
    EXPECT_EQ(logged->text(live::LogText::headers), "blue");
    EXPECT_EQ(logged->text(live::LogText::headers, 1), "");
    EXPECT_EQ(logged->facts.trace_id[0], 0x0a);
    EXPECT_EQ(logged->facts.trace_id[15], 0x9c);
}

TEST_F(AccountTest, LongTextsAreCut) {
    install(1);
    Running one;
    const std::string path = "/" + std::string(4000, 'p');
    start(world_, one, {.path = path});
    world_.stream(0).answer(200, "ok", true);
    EXPECT_EQ(next_record()->text(live::LogText::path), path.substr(0, 192));
}

TEST_F(AccountTest, SamplingLeavesOutOnlyWhatWentWell) {
    constexpr uint32_t kSample = 10;
    constexpr size_t kRounds = 500;
    world_.services.log.sample = kSample;
    install(1);
    size_t good = 0;
    size_t bad = 0;
    for (size_t i = 0; i < kRounds; ++i) {
        Running one;
        start(world_, one, {});
        const bool fails = i % 2 == 0;
        world_.stream(world_.upstreams.streams.size() - 1).answer(fails ? 502 : 200, "x", true);
        Running refused;
        start(world_, refused, {.host = "nobody.example"});
        while (const auto logged = next_record()) ++(logged->facts.status == 200 ? good : bad);
    }
    EXPECT_EQ(bad, kRounds / 2 + kRounds);
    EXPECT_GT(good, kRounds / 2 / kSample / 3);
    EXPECT_LT(good, kRounds / 2 / kSample * 3);
    EXPECT_EQ(counted(kBackendSlot).duration.count(), kRounds) << "counted is every one";
}

TEST_F(AccountTest, WithoutAWriterNothingIsKept) {
    world_.services.log.writer = nullptr;
    install(1);
    Running one;
    start(world_, one, {});
    world_.stream(0).answer(200, "ok", true);
    EXPECT_FALSE(next_record());
    EXPECT_EQ(count_of(kBackendSlot, Reason::ok, 2), 1u);
}

}  // namespace
}  // namespace sluice::exchange
