// What the steward vouches for, what it refuses, and that a refusal changes nothing.
#include "proxy/steward/verifier.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "table/limits.h"
#include "tests/unit/steward/tables.h"

namespace sluice::steward {
namespace {

using table::Bytes;
using table::Message;
using table::MessageKind;
using table::Segment;

class Verify : public testing::Test {
protected:
    static Message answer_of(Verifier& verifier, const Publish& publish) {
        const auto verified = verifier.verify(publish.message, publish.descriptors);
        Message said;
        said.kind = verified ? MessageKind::running : MessageKind::refused;
        said.generation = publish.message.generation;
        said.reason = verified ? Reason::ok : verified.error().reason;
        said.text = verified ? "" : verified.error().message;
        return said;
    }
    Message answer(const Publish& publish) { return answer_of(verifier_, publish); }
    void expect_running(const Publish& publish) {
        const Message said = answer(publish);
        EXPECT_EQ(static_cast<int>(said.kind), static_cast<int>(MessageKind::running)) << said.text;
        EXPECT_EQ(verifier_.digests(), publish.message.digests);
    }
    // Returns the message for people.
    std::string expect_refused(const Publish& publish, Reason reason) {
        const table::Digests before = verifier_.digests();
        const Message said = answer(publish);
        EXPECT_EQ(static_cast<int>(said.kind), static_cast<int>(MessageKind::refused));
        EXPECT_EQ(reason_text(said.reason), reason_text(reason)) << said.text;
        EXPECT_EQ(verifier_.digests(), before) << "a refusal changes nothing";
        return said.text;
    }
    Publish whole(uint64_t generation, const std::vector<std::string>& patterns = {}) const {
        Publish publish(generation);
        publish.with(Segment::routes, routes_bytes(routes_with(patterns)));
        publish.with(Segment::endpoints, endpoints_bytes(8'000));
        return publish;
    }

    Verifier verifier_;
};

TEST_F(Verify, AGoodTable) {
    expect_running(whole(1));
}

TEST_F(Verify, OneSegmentAfterTheOther) {
    expect_running(whole(1));
    Publish endpoints(2, verifier_.digests());
    expect_running(endpoints.with(Segment::endpoints, endpoints_bytes(8'001)));
    Publish routes(3, verifier_.digests());
    expect_running(routes.with(Segment::routes, routes_bytes(routes_with({}, "other.example"))));
    expect_running(Publish(4, verifier_.digests()));  // the same table under a new number
}

TEST_F(Verify, ABackendMayHaveNoEndpointsAndEndpointsNoRoute) {
    Publish publish(1);
    publish.with(Segment::routes, routes_bytes(routes_with({})));
    publish.with(Segment::endpoints, endpoints_bytes(8'000, "nobody-routes-here"));
    expect_running(publish);
}

TEST_F(Verify, WhatIsNotSentMustBeWhatRuns) {
    expect_running(whole(1));
    Publish publish(2, verifier_.digests());
    publish.message.digests[0] ^= 1;  // the controller believes that other routes run
    publish.with(Segment::endpoints, endpoints_bytes(8'001));
    EXPECT_NE(
        expect_refused(publish, Reason::table_bad_reference).find("routes: not sent"),
        std::string::npos
    );
    Publish nothing(3);  // as to an empty proxy
    expect_refused(nothing, Reason::table_bad_reference);
}

TEST_F(Verify, AFreshStewardKnowsNothing) {
    Publish publish(2, whole(1).message.digests);
    publish.with(Segment::endpoints, endpoints_bytes(8'001));
    expect_refused(publish, Reason::table_bad_reference);
}

TEST_F(Verify, TheDigestMustBeThatOfTheBytes) {
    Publish publish = whole(1);
    publish.message.digests[1] ^= 1;
    EXPECT_NE(
        expect_refused(publish, Reason::table_corrupt).find("endpoints: the bytes"),
        std::string::npos
    );
}

TEST_F(Verify, AMemfdThatCanStillBeWritten) {
    const Bytes bytes = endpoints_bytes(8'000);
    table::Descriptor open(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    ASSERT_EQ(::write(open.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ASSERT_EQ(::fcntl(open.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
    Publish publish(1);
    publish.with(Segment::endpoints, std::move(open), table::digest(bytes));
    expect_refused(publish, Reason::table_not_sealed);
}

TEST_F(Verify, SegmentsInEachOthersPlace) {
    Publish publish(1);
    publish.with(Segment::routes, endpoints_bytes(8'000));
    const Message said = answer(publish);
    EXPECT_EQ(static_cast<int>(said.kind), static_cast<int>(MessageKind::refused));
}

TEST_F(Verify, SecretsAreNotServedYet) {
    Publish publish(1);
    publish.with(Segment::secrets, endpoints_bytes(8'000));
    EXPECT_EQ(
        expect_refused(publish, Reason::table_bad_value), "secrets: this version serves none"
    );
}

TEST_F(Verify, ADescriptorThatIsMissing) {
    Publish publish = whole(1);
    publish.descriptors.pop_back();
    expect_refused(publish, Reason::message_malformed);
}

TEST_F(Verify, DamagedBytesNeverPassUnnoticed) {
    // With the digest of the damaged bytes: only the view's own checks stand in the way. What they
    // let pass must at least be read without harm, which the sanitizers judge.
    const Bytes good = routes_bytes(routes_with({"/v[0-9]+/.*"}));
    std::mt19937 random(7);
    for (int round = 0; round < 2'000; ++round) {
        Bytes bytes = good;
        for (int flips = 0; flips < 3; ++flips)
            bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
        Publish publish(1);
        publish.with(Segment::routes, bytes);
        Verifier fresh;
        const Message said = answer_of(fresh, publish);
        if (said.kind == MessageKind::running) continue;
        EXPECT_NE(static_cast<int>(said.reason), static_cast<int>(Reason::ok));
        EXPECT_EQ(said.text.find("routes: "), 0U) << said.text;
    }
}

TEST_F(Verify, TruncatedBytesAreRefused) {
    const Bytes good = endpoints_bytes(8'000);
    for (size_t size = 1; size < good.size(); size += 7) {
        Publish publish(1);
        publish.with(
            Segment::endpoints, Bytes(good.begin(), good.begin() + static_cast<ptrdiff_t>(size))
        );
        const Message said = answer(publish);
        ASSERT_EQ(static_cast<int>(said.kind), static_cast<int>(MessageKind::refused)) << size;
    }
}

// --- regular expressions

TEST_F(Verify, PatternsThatCompile) {
    expect_running(whole(1, {"/v[0-9]+/chat", "/x/.*", "/x/.*"}));
}

TEST_F(Verify, APatternThatDoesNotCompileIsNamed) {
    const std::string why =
        expect_refused(whole(1, {"/good", "/broken(", "/also good"}), Reason::table_bad_value);
    EXPECT_NE(why.find("regular expression \"/broken(\": missing )"), std::string::npos) << why;
}

TEST_F(Verify, APatternThatBecomesTooLarge) {
    // Every repetition is unrolled: few bytes, many instructions.
    const std::string why =
        expect_refused(whole(1, {"/((a{50}){20}b){20}"}), Reason::table_bad_value);
    EXPECT_NE(why.find("/((a{50}){20}b){20}"), std::string::npos) << why;
}

TEST_F(Verify, BackReferencesAreNoRegularExpressions) {
    expect_refused(whole(1, {"/(a+)\\1"}), Reason::table_bad_value);
}

TEST_F(Verify, ALongPatternIsNamedByItsBeginning) {
    const std::string pattern = "/" + std::string(500, 'x') + "(";
    const std::string why = expect_refused(whole(1, {pattern}), Reason::table_bad_value);
    EXPECT_NE(why.find("\"/" + std::string(119, 'x') + "…\""), std::string::npos) << why;
}

TEST_F(Verify, ABadPatternIsRefusedAgainAfterAGoodTable) {
    expect_running(whole(1, {"/good"}));
    for (uint64_t generation = 2; generation < 4; ++generation)
        expect_refused(whole(generation, {"/good", "/broken("}), Reason::table_bad_value);
    expect_running(whole(4, {"/good", "/better"}));
}

}  // namespace
}  // namespace sluice::steward
