// Who a chain of hops speaks for: told by hand, and by a second reading of the rule.
#include "proxy/http/caller.h"

#include <gtest/gtest.h>
#include <random>

#include "tests/unit/http/chain_oracle.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

using chain_oracle::Lines;
using chain_oracle::Words;

// --- what is tested

IpBytes ip(std::string_view text) {
    IpBytes address{};
    EXPECT_TRUE(parse_ipv4(text, address) || parse_ipv6(text, address)) << text;
    return address;
}

Words words_of(const IpBytes& bytes) {
    Words words;
    for (size_t i = 0; i < bytes.size(); i += 2) words.push_back(bytes[i] * 256u + bytes[i + 1]);
    return words;
}

std::string head_with(const Lines& chain) {
    std::string lines;
    for (const std::string& line : chain) lines += "X-Forwarded-For: " + line + "\r\nX: y\r\n";
    return get_with(lines);
}

const std::vector<std::string> kCidrs = {"10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"};
constexpr std::string_view kPeerText = "10.0.0.1";

TrustedHops hops(const std::vector<std::string>& cidrs) {
    return TrustedHops::parse(cidrs).value();
}

IpBytes client(const Lines& chain, const std::vector<std::string>& cidrs = kCidrs) {
    const RequestResult result(head_with(chain));
    EXPECT_EQ(result.state, Parse::complete);
    return client_of(result->fields, ip(kPeerText), hops(cidrs));
}

struct Case {
    Lines chain;
    std::string client;
};

const std::vector<Case> kCases = {
    {{}, "10.0.0.1"},
    {{""}, "10.0.0.1"},
    {{"198.51.100.9"}, "198.51.100.9"},
    {{"198.51.100.9, 10.2.2.2"}, "198.51.100.9"},
    {{"198.51.100.9,10.2.2.2"}, "198.51.100.9"},
    {{"198.51.100.9 \t,\t 10.2.2.2\t"}, "198.51.100.9"},
    {{"198.51.100.9, 10.2.2.2, 10.3.3.3, 192.0.2.7"}, "198.51.100.9"},
    {{"1.1.1.1, 198.51.100.9"}, "198.51.100.9"},
    {{"1.1.1.1, 198.51.100.9, 10.2.2.2"}, "198.51.100.9"},
    {{"10.9.9.9, 198.51.100.9, 10.2.2.2"}, "198.51.100.9"},
    {{"127.0.0.1, 198.51.100.9"}, "198.51.100.9"},
    {{"192.0.2.8, 10.1.1.1"}, "192.0.2.8"},
    {{"10.9.9.9, 10.2.2.2"}, "10.9.9.9"},
    {{"10.9.9.9"}, "10.9.9.9"},
    {{"192.0.2.7"}, "192.0.2.7"},
    {{"198.51.100.9", "10.2.2.2"}, "198.51.100.9"},
    {{"10.2.2.2", "198.51.100.9"}, "198.51.100.9"},
    {{"1.1.1.1, 198.51.100.9", "10.2.2.2, 10.3.3.3", "192.0.2.7"}, "198.51.100.9"},
    {{"198.51.100.9", "", "10.2.2.2", ""}, "198.51.100.9"},
    {{"198.51.100.9,,10.2.2.2"}, "198.51.100.9"},
    {{",198.51.100.9,"}, "198.51.100.9"},
    {{", , ,"}, "10.0.0.1"},
    {{"198.51.100.9:40000"}, "198.51.100.9"},
    {{"198.51.100.9:1, 10.2.2.2:65535"}, "198.51.100.9"},
    {{"198.51.100.9, 10.2.2.2:443"}, "198.51.100.9"},
    {{"2001:db8::9"}, "2001:db8::9"},
    {{"2001:DB8:0:0::9"}, "2001:db8::9"},
    {{"[2001:db8::9]"}, "2001:db8::9"},
    {{"[2001:db8::9]:40000"}, "2001:db8::9"},
    {{"2001:db8::9, 2001:db8:1::1"}, "2001:db8::9"},
    {{"2001:db8::9, [2001:db8:1::1]:80, 10.2.2.2"}, "2001:db8::9"},
    {{"2001:db8:1::2, 2001:db8:1::1"}, "2001:db8:1::2"},
    {{"::ffff:198.51.100.9"}, "198.51.100.9"},
    {{"::ffff:198.51.100.9, ::ffff:10.2.2.2"}, "198.51.100.9"},
    {{"[::ffff:c633:6409]:1, [::ffff:a02:202]"}, "198.51.100.9"},
    {{"198.51.100.9, ::10.2.2.2"}, "::10.2.2.2"},
    {{"::1"}, "::1"},
    {{"::"}, "::"},
    {{"1:2:3:4:5:6:7:8"}, "1:2:3:4:5:6:7:8"},
    {{"1:2:3:4:5:6:1.2.3.4"}, "1:2:3:4:5:6:1.2.3.4"},
    {{"0.0.0.0"}, "0.0.0.0"},
    {{"255.255.255.255, 10.255.255.255"}, "255.255.255.255"},
    {{"11.0.0.0, 10.0.0.0"}, "11.0.0.0"},
    // Malformed: the last good one stands, and nothing in front of it is looked at.
    {{"unknown"}, "10.0.0.1"},
    {{"_hidden"}, "10.0.0.1"},
    {{"198.51.100.9, unknown"}, "10.0.0.1"},
    {{"198.51.100.9, unknown, 10.2.2.2"}, "10.2.2.2"},
    {{"198.51.100.9", "unknown", "10.2.2.2"}, "10.2.2.2"},
    {{"unknown, 198.51.100.9, 10.2.2.2"}, "198.51.100.9"},
    {{"198.51.100.9 10.2.2.2"}, "10.0.0.1"},
    {{"198.51.100.9; 10.2.2.2"}, "10.0.0.1"},
    {{"for=198.51.100.9"}, "10.0.0.1"},
    {{"\"198.51.100.9\""}, "10.0.0.1"},
    {{"198.51.100.9/32"}, "10.0.0.1"},
    {{"198.51.100"}, "10.0.0.1"},
    {{"198.51.100.9.9"}, "10.0.0.1"},
    {{"198.51.100.256"}, "10.0.0.1"},
    {{"198.51.100.09"}, "10.0.0.1"},
    {{"0xc6.51.100.9"}, "10.0.0.1"},
    {{"3325256713"}, "10.0.0.1"},
    {{"198.51.100.9:"}, "10.0.0.1"},
    {{"198.51.100.9:0"}, "10.0.0.1"},
    {{"198.51.100.9:080"}, "10.0.0.1"},
    {{"198.51.100.9:65536"}, "10.0.0.1"},
    {{"198.51.100.9:8x"}, "10.0.0.1"},
    {{"198.51.100.9:80:81"}, "10.0.0.1"},
    {{"[198.51.100.9]"}, "10.0.0.1"},
    {{"[198.51.100.9]:80"}, "10.0.0.1"},
    {{"[2001:db8::9"}, "10.0.0.1"},
    {{"2001:db8::9]"}, "10.0.0.1"},
    {{"[2001:db8::9]80"}, "10.0.0.1"},
    {{"[2001:db8::9]:"}, "10.0.0.1"},
    {{"[2001:db8::9]:70000"}, "10.0.0.1"},
    {{"[2001:db8::9]]:80"}, "10.0.0.1"},
    {{"[]"}, "10.0.0.1"},
    {{"[]:80"}, "10.0.0.1"},
    {{":80"}, "10.0.0.1"},
    {{"2001:db8:::9"}, "10.0.0.1"},
    {{"2001::db8::9"}, "10.0.0.1"},
    {{"1:2:3:4:5:6:7"}, "10.0.0.1"},
    {{"1:2:3:4:5:6:7:8:9"}, "10.0.0.1"},
    {{"12345::"}, "10.0.0.1"},
    {{"fe80::9%eth0"}, "10.0.0.1"},
    {{"localhost"}, "10.0.0.1"},
    {{"2130706433, localhost, 10.2.2.2, 10.3.3.3"}, "10.2.2.2"},
};

// Each row is told by hand, and by the oracle.
TEST(Chain, SpeaksForTheLastUntrustedHop) {
    EXPECT_GE(kCases.size(), 60u);
    for (const Case& c : kCases) {
        const std::string shown = ::testing::PrintToString(c.chain);
        EXPECT_EQ(words_of(client(c.chain)), words_of(ip(c.client))) << shown;
        EXPECT_EQ(
            words_of(client(c.chain)),
            chain_oracle::client_of(std::string(kPeerText), c.chain, kCidrs)
        ) << shown;
    }
}

// Chains drawn from good and bad pieces: both readings agree on all of them.
TEST(Chain, AgreesWithTheOracleOnDrawnOnes) {
    const std::vector<std::string> pieces = {
        "198.51.100.9",
        "10.2.2.2",
        "10.3.3.3:80",
        "192.0.2.7",
        "2001:db8::9",
        "[::1]:9",
        "",
        "2001:db8:1::1",
        "unknown",
        "::ffff:10.4.4.4",
        "1.2.3.4:0",
        "[1.2.3.4]",
        "[2001:db8:1::2]",
        "256.1.1.1",
        "10.5.5.5"
    };
    const std::vector<std::vector<std::string>> sets = {
        kCidrs, {"0.0.0.0/0"}, {"::/0"}, {"0.0.0.0/0", "::/0"}, {"198.51.100.8/31"}
    };
    std::mt19937 draw(20);
    for (int round = 0; round < 3000; ++round) {
        Lines chain(draw() % 4);
        for (std::string& line : chain) {
            for (size_t left = draw() % 6; left > 0; --left) {
                line += pieces[draw() % pieces.size()] + (left > 1 ? ", " : "");
            }
        }
        const auto& cidrs = sets[draw() % sets.size()];
        EXPECT_EQ(
            words_of(client(chain, cidrs)),
            chain_oracle::client_of(std::string(kPeerText), chain, cidrs)
        ) << ::testing::PrintToString(chain)
          << " by " << ::testing::PrintToString(cidrs);
    }
}

std::string repeated(size_t count, std::string_view first) {
    std::string chain(first);
    for (size_t i = 1; i < count; ++i) chain += ", 10.2.2.2";
    return chain;
}

TEST(Chain, IsWalkedForSoManyHops) {
    const size_t most = limits::kForwardedHops;
    EXPECT_EQ(client({repeated(most, "198.51.100.9")}), ip("198.51.100.9"));
    EXPECT_EQ(client({repeated(most + 1, "198.51.100.9")}), ip("10.2.2.2"));
}

TEST(SchemeSaid, IsOneOfTwoWords) {
    const auto said = [](std::string_view lines) {
        const RequestResult result(get_with(lines));
        return std::string(scheme_said(result->fields));
    };
    EXPECT_EQ(said("X-Forwarded-Proto: https\r\n"), "https");
    EXPECT_EQ(said("X-Forwarded-Proto: HTTP\r\n"), "http");
    EXPECT_EQ(said(""), "");
    for (const std::string_view bad : {"", "ws", "https, http", "httpss", "h2", "https;"}) {
        EXPECT_EQ(said("X-Forwarded-Proto: " + std::string(bad) + "\r\n"), "") << bad;
    }
    EXPECT_EQ(said("X-Forwarded-Proto: https\r\nX-Forwarded-Proto: https\r\n"), "");
}

}  // namespace
}  // namespace sluice::http
