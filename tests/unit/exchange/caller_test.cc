// Who a connection's requests come from: the peer, the client behind a trusted hop, the address in
// a PROXY header. Nobody else's word shows up in the caller or at an endpoint.
#include <gtest/gtest.h>

#include "table/key.h"
#include "tests/unit/exchange/connection.h"
#include "tests/unit/net/proxy_headers.h"

namespace sluice::exchange {
namespace {

using net::testing::binary_header;
using net::testing::kLocalCommand;
using net::testing::kProxyCommand;
using net::testing::kTcp4Family;
using net::testing::kTcp6Family;
using testing::kMs;
using testing::one_rule;
using testing::plain_rule;

constexpr std::string_view kGet = "GET /v1/x HTTP/1.1\r\nhost: models.example\r\n\r\n";
constexpr std::string_view kLine = "PROXY TCP4 198.51.100.9 203.0.113.5 40000 443\r\n";
constexpr uint16_t kOurPort = 8080;

net::Address ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d}, 50000};
}

std::string get_with(std::string_view lines) {
    return "GET /v1/x HTTP/1.1\r\nhost: models.example\r\n" + std::string(lines) + "\r\n";
}

class CallerTest : public testing::ConnectionTest {
protected:
    void SetUp() override { world_.install(one_rule(plain_rule(), 1)); }

    void trust(const std::vector<std::string>& cidrs) {
        world_.trusted = http::TrustedHops::parse(cidrs).value();
    }
    void open_from(const net::Address& peer, bool proxied = false) {
        open(peer, kOurPort, proxied);
    }
    // The fields as the endpoint gets them. The caller is `source` while the request is served.
    std::map<std::string, std::string>& ask(
        const std::string& source, std::string_view request = kGet
    ) {
        const size_t index = world_.upstreams.streams.size();
        client_->send(request);
        stream(index);
        expect_caller(source);
        stream(index).answer(200, "hello", true);
        EXPECT_TRUE(receive_until("0\r\n\r\n").starts_with("HTTP/1.1 200 "));
        return world_.stream(index).fields;
    }
    void expect_caller(const std::string& source) {
        const http::Caller& caller = downstream_.caller();
        EXPECT_EQ(caller.source, source);
        EXPECT_EQ(caller.id, table::key64({source}));
        EXPECT_TRUE(caller.name.empty() && caller.tenant.empty() && caller.tier.empty());
    }
    // Closed without an answer and counted so; or not counted at all.
    void expect_closed(Reason counted) {
        EXPECT_TRUE(until([&] { return over_; }));
        EXPECT_EQ(client_->receive(50), "") << "nobody is answered";
        EXPECT_TRUE(world_.upstreams.streams.empty());
        for (uint16_t code = 0; code < static_cast<uint16_t>(Reason::kCount); ++code) {
            const auto reason = static_cast<Reason>(code);
            const bool expected = reason == counted && counted != Reason::ok;
            EXPECT_EQ(world_.ended(reason), expected ? 1u : 0u) << reason_text(reason);
        }
    }
};

// --- the chain of hops

TEST_F(CallerTest, IsThePeer) {
    open_from(ipv4(192, 0, 2, 1));
    expect_caller("192.0.2.1");
    const auto& fields = ask("192.0.2.1");
    EXPECT_EQ(fields.at("x-forwarded-for"), "192.0.2.1");
    EXPECT_EQ(fields.at("x-forwarded-proto"), "http");
    EXPECT_EQ(fields.at("x-forwarded-port"), "8080");
    EXPECT_EQ(fields.at("x-forwarded-host"), "models.example");
}

constexpr std::string_view kSpoofed =
    "x-forwarded-for: 203.0.113.99\r\nX-Forwarded-For: 10.0.0.1\r\nx-forwarded-proto: https\r\n"
    "x-forwarded-host: spoofed.example\r\nx-forwarded-port: 999\r\nx-real-ip: 203.0.113.99\r\n"
    "forwarded: for=203.0.113.99;host=spoofed.example;proto=https\r\n"
    "x-forwarded-prefix: /spoofed\r\n";

void expect_nothing_spoofed(const std::map<std::string, std::string>& fields) {
    for (const auto& [name, value] : fields) {
        EXPECT_EQ(value.find("203.0.113.99"), std::string::npos) << name;
        EXPECT_EQ(value.find("spoofed"), std::string::npos) << name;
        EXPECT_EQ(value.find("https"), std::string::npos) << name;
        EXPECT_EQ(value.find("999"), std::string::npos) << name;
    }
}

TEST_F(CallerTest, AnUntrustedPeerSpeaksForItself) {
    trust({"10.0.0.0/8"});
    open_from(ipv4(192, 0, 2, 1));
    const auto& fields = ask("192.0.2.1", get_with(kSpoofed));
    expect_nothing_spoofed(fields);
    EXPECT_EQ(fields.at("x-forwarded-for"), "192.0.2.1");
}

TEST_F(CallerTest, WithoutTrustedHopsNobodyIsBelieved) {
    open_from(ipv4(127, 0, 0, 1));
    const auto& fields = ask("127.0.0.1", get_with(kSpoofed));
    expect_nothing_spoofed(fields);
}

TEST_F(CallerTest, ATrustedHopSpeaksForItsClient) {
    trust({"10.0.0.0/8"});
    open_from(ipv4(10, 0, 0, 1));
    const auto& fields =
        ask("198.51.100.9",
            get_with("X-Forwarded-For: 1.1.1.1, 198.51.100.9\r\nX-Forwarded-For: 10.2.2.2\r\n"
                     "X-Forwarded-Proto: https\r\nX-Forwarded-Host: "
                     "shop.example\r\nX-Forwarded-Port: 443\r\n"));
    EXPECT_EQ(fields.at("x-forwarded-for"), "1.1.1.1, 198.51.100.9, 10.2.2.2, 10.0.0.1");
    EXPECT_EQ(fields.at("x-forwarded-proto"), "https");
    EXPECT_EQ(fields.at("x-forwarded-host"), "shop.example");
    EXPECT_EQ(fields.at("x-forwarded-port"), "443");
}

TEST_F(CallerTest, IsSpeltInOneWay) {
    trust({"10.0.0.0/8"});
    open_from(ipv4(10, 0, 0, 1));
    ask("2001:db8::9", get_with("X-Forwarded-For: [2001:DB8:0:0:0::9]:80\r\n"));
    ask("198.51.100.9", get_with("X-Forwarded-For: ::ffff:198.51.100.9\r\n"));
}

// One connection of a hop carries many clients; what one request said is not the next one's.
TEST_F(CallerTest, IsFoundAnewForEachRequest) {
    trust({"10.0.0.0/8"});
    open_from(ipv4(10, 0, 0, 1));
    ask("198.51.100.9", get_with("X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Proto: https\r\n"));
    ask("198.51.100.10", get_with("X-Forwarded-For: 198.51.100.10\r\n"));
    const auto& fields = ask("10.0.0.1");
    EXPECT_EQ(fields.at("x-forwarded-for"), "10.0.0.1");
    EXPECT_EQ(fields.at("x-forwarded-proto"), "http");
    ask("198.51.100.9", get_with("X-Forwarded-For: 198.51.100.9\r\n"));
    client_->send("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n");
    EXPECT_NE(receive_until("}").find("host_repeated"), std::string::npos);
    expect_caller("10.0.0.1");
}

// --- the PROXY header

TEST_F(CallerTest, AProxyHeaderNamesThePeer) {
    open_from(ipv4(127, 0, 0, 1), true);
    const auto& fields = ask("198.51.100.9", std::string(kLine) + std::string(kGet));
    EXPECT_EQ(fields.at("x-forwarded-for"), "198.51.100.9");
    EXPECT_EQ(fields.at("x-forwarded-port"), "443");
    expect_caller("198.51.100.9");
    EXPECT_EQ(ask("198.51.100.9").at("x-forwarded-for"), "198.51.100.9")
        << "of every request behind it";
    client_->send(kLine);
    EXPECT_NE(receive_until("}").find(" 400 "), std::string::npos) << "but it comes once";
}

TEST_F(CallerTest, ABinaryHeaderDoesTheSame) {
    open_from(ipv4(127, 0, 0, 1), true);
    const std::string header =
        net::testing::summed_header(kTcp6Family, net::testing::tcp6_block(), "");
    const auto& fields = ask("2001:db8::9", header + std::string(kGet));
    EXPECT_EQ(fields.at("x-forwarded-for"), "2001:db8::9");
    EXPECT_EQ(fields.at("x-forwarded-port"), "443");
}

TEST_F(CallerTest, TheLargestHeaderIsRead) {
    open_from(ipv4(127, 0, 0, 1), true);
    const std::string padding(limits::kProxyHeaderBytes - 16 - 12 - 3, 'p');
    const std::string block = net::testing::tcp4_block() + net::testing::extension(4, padding);
    ask("198.51.100.9", binary_header(kProxyCommand, kTcp4Family, block) + std::string(kGet));
}

TEST_F(CallerTest, BytesMayComeOneByOne) {
    open_from(ipv4(127, 0, 0, 1), true);
    for (const char byte : std::string(kLine) + std::string(kGet)) {
        client_->send({&byte, 1});
        turn();
    }
    stream(0).answer(200, "hello", true);
    EXPECT_TRUE(receive_until("0\r\n\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(world_.stream(0).fields.at("x-forwarded-for"), "198.51.100.9");
}

TEST_F(CallerTest, SomeHeadersLeaveTheConnectionsOwnAddresses) {
    open_from(ipv4(192, 0, 2, 1), true);
    const auto& fields = ask(
        "192.0.2.1",
        binary_header(kLocalCommand, kTcp4Family, net::testing::tcp4_block()) + std::string(kGet)
    );
    EXPECT_EQ(fields.at("x-forwarded-for"), "192.0.2.1");
    EXPECT_EQ(fields.at("x-forwarded-port"), "8080");
}

TEST_F(CallerTest, AHeaderWithoutAPortKeepsOurs) {
    open_from(ipv4(192, 0, 2, 1), true);
    const std::string line = "PROXY TCP4 198.51.100.9 203.0.113.5 0 0\r\n";
    EXPECT_EQ(ask("198.51.100.9", line + std::string(kGet)).at("x-forwarded-port"), "8080");
}

TEST_F(CallerTest, UnknownLeavesThemToo) {
    open_from(ipv4(192, 0, 2, 1), true);
    ask("192.0.2.1", "PROXY UNKNOWN\r\n" + std::string(kGet));
}

// The header's source takes the peer's place: it speaks for others only if it is trusted itself.
TEST_F(CallerTest, TheSourceOfAHeaderIsTrustedOnItsOwn) {
    trust({"10.0.0.0/8"});
    open_from(ipv4(10, 0, 0, 1), true);
    const auto& fields = ask("198.51.100.9", std::string(kLine) + get_with(kSpoofed));
    expect_nothing_spoofed(fields);
    EXPECT_EQ(fields.at("x-forwarded-for"), "198.51.100.9");
}

TEST_F(CallerTest, ATrustedSourceSpeaksForItsClient) {
    trust({"10.0.0.0/8"});
    open_from(ipv4(10, 0, 0, 1), true);
    const auto& fields = ask(
        "198.51.100.9",
        "PROXY TCP4 10.7.7.7 10.0.0.1 40000 443\r\n" + get_with("x-forwarded-for: 198.51.100.9\r\n")
    );
    EXPECT_EQ(fields.at("x-forwarded-for"), "198.51.100.9, 10.7.7.7");
}

TEST_F(CallerTest, AHeaderOfAnUntrustedPeerIsNotRead) {
    trust({"10.0.0.0/8"});
    open_from(ipv4(192, 0, 2, 1), true);
    client_->send(std::string(kLine) + std::string(kGet));
    expect_closed(Reason::proxy_untrusted);
}

TEST_F(CallerTest, WithoutAHeaderNobodyIsServed) {
    open_from(ipv4(127, 0, 0, 1), true);
    client_->send(kGet);
    expect_closed(Reason::bad_proxy_header);
}

TEST_F(CallerTest, ABadSumIsNotBelieved) {
    open_from(ipv4(127, 0, 0, 1), true);
    std::string header = net::testing::summed_header(kTcp4Family, net::testing::tcp4_block(), "");
    header[16] = static_cast<char>(header[16] ^ 1);
    client_->send(header + std::string(kGet));
    expect_closed(Reason::bad_proxy_header);
}

TEST_F(CallerTest, AHeaderThatBreaksOffIsCounted) {
    open_from(ipv4(127, 0, 0, 1), true);
    client_->send(kLine.substr(0, 20));
    EXPECT_TRUE(until([&] { return downstream_.head_begun(); }));
    client_->shut();
    expect_closed(Reason::bad_proxy_header);
}

TEST_F(CallerTest, AHealthCheckThatSaysNothingIsNot) {
    open_from(ipv4(127, 0, 0, 1), true);
    client_->shut();
    expect_closed(Reason::ok);
}

TEST_F(CallerTest, AHeaderMustBeWholeInTime) {
    open_from(ipv4(127, 0, 0, 1), true);
    client_->send(kLine.substr(0, 20));
    EXPECT_TRUE(until([&] { return downstream_.head_begun(); }));
    world_.pass(world_.services.patience.head_ns / kMs - 100);
    client_->send(kLine.substr(20, 1));
    turn();
    EXPECT_FALSE(over_);
    world_.pass(120);
    expect_closed(Reason::bad_proxy_header);
}

TEST_F(CallerTest, ItsClockIsNotTheRequests) {
    open_from(ipv4(127, 0, 0, 1), true);
    client_->send(kLine);
    EXPECT_TRUE(until([&] { return !downstream_.owes_preface(); }));
    world_.pass(world_.services.patience.head_ns / kMs + 100);
    turn();
    EXPECT_FALSE(over_) << "behind the header it is an idle connection";
    ask("198.51.100.9");
}

TEST_F(CallerTest, TheOwnerIsAskedAboutWhoTheHeaderNames) {
    open_from(ipv4(127, 0, 0, 1), true);
    turn();
    EXPECT_FALSE(admitted_) << "nobody knows who it is";
    client_->send(kLine);
    EXPECT_TRUE(until([&] { return admitted_.has_value(); }));
    EXPECT_EQ(admitted_->bytes, ipv4(198, 51, 100, 9).bytes);
    ask("198.51.100.9");
}

TEST_F(CallerTest, WhomTheOwnerRefusesGetsNoAnswer) {
    admits_ = false;
    open_from(ipv4(127, 0, 0, 1), true);
    client_->send(kLine);
    expect_closed(Reason::ok);
    EXPECT_TRUE(admitted_.has_value());
}

TEST_F(CallerTest, DrainingEndsAConnectionThatHasNotBegun) {
    open_from(ipv4(127, 0, 0, 1), true);
    turn();
    world_.services.draining = true;
    ASSERT_TRUE(downstream_.idle());
    downstream_.socket().source.raise(net::kReadable);
    expect_closed(Reason::draining);
}

TEST_F(CallerTest, APlainListenerKnowsNoHeader) {
    trust({"127.0.0.1"});
    open_from(ipv4(127, 0, 0, 1));
    client_->send(std::string(kLine) + std::string(kGet));
    EXPECT_NE(receive_until("}").find(" 400 "), std::string::npos);
    expect_caller("127.0.0.1");
}

}  // namespace
}  // namespace sluice::exchange
