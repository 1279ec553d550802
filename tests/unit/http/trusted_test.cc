// Trusted hops: which texts are CIDRs, which addresses are inside, and which refusal says what.
#include "proxy/http/trusted.h"

#include <gtest/gtest.h>

#include "table/limits.h"

namespace sluice::http {
namespace {

using Texts = std::vector<std::string>;

IpBytes ip(std::string_view text) {
    IpBytes address{};
    EXPECT_TRUE(parse_ipv4(text, address) || parse_ipv6(text, address)) << text;
    return address;
}

TrustedHops hops(const Texts& cidrs) {
    const auto parsed = TrustedHops::parse(cidrs);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error());
    return parsed.value_or(TrustedHops());
}

TEST(TrustedHops, NobodyIsTrustedUnasked) {
    EXPECT_TRUE(TrustedHops::none().empty());
    EXPECT_TRUE(hops({}).empty());
    EXPECT_FALSE(TrustedHops::none().contains(ip("127.0.0.1")));
    EXPECT_FALSE(TrustedHops::none().contains(IpBytes{}));
}

TEST(TrustedHops, RangesEndWhereTheySay) {
    struct Case {
        std::string cidr;
        Texts inside;
        Texts outside;
    };
    const std::vector<Case> cases = {
        {"10.0.0.0/8",
         {"10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"},
         {"9.255.255.255", "11.0.0.0", "::10.1.2.3", "::a00:1"}},
        {"192.0.2.7", {"192.0.2.7", "::ffff:192.0.2.7"}, {"192.0.2.6", "192.0.2.8"}},
        {"192.0.2.6/31", {"192.0.2.6", "192.0.2.7"}, {"192.0.2.5", "192.0.2.8"}},
        {"0.0.0.0/0", {"0.0.0.0", "255.255.255.255"}, {"::", "2001:db8::1", "::fffe:1.2.3.4"}},
        {"2001:db8::/32",
         {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
         {"2001:db7:ffff::", "2001:db9::", "10.0.0.1"}},
        {"2001:db8::/64", {"2001:db8::ffff"}, {"2001:db8:0:1::"}},
        {"2001:db8::8000:0:0:0/65", {"2001:db8::ffff:0:0:1"}, {"2001:db8::7fff:0:0:1"}},
        {"2001:db8::7", {"2001:db8::7", "2001:DB8:0::7"}, {"2001:db8::6"}},
        {"::/0", {"::", "ffff::", "2001:db8::1"}, {"10.0.0.1", "::ffff:10.0.0.1"}},
        {"::ffff:10.0.0.0/104", {"10.1.2.3", "::ffff:10.1.2.3"}, {"11.0.0.0", "::"}},
        {"::ffff:10.0.0.1", {"10.0.0.1"}, {"10.0.0.2"}},
    };
    for (const Case& c : cases) {
        const TrustedHops trusted = hops({c.cidr});
        for (const std::string& text : c.inside) {
            EXPECT_TRUE(trusted.contains(ip(text))) << text << " in " << c.cidr;
        }
        for (const std::string& text : c.outside) {
            EXPECT_FALSE(trusted.contains(ip(text))) << text << " in " << c.cidr;
        }
    }
}

TEST(TrustedHops, AnyOfSeveralIsEnough) {
    const TrustedHops trusted = hops({"10.0.0.0/8", "2001:db8::/32", "10.0.0.0/8"});
    EXPECT_TRUE(trusted.contains(ip("10.1.1.1")));
    EXPECT_TRUE(trusted.contains(ip("2001:db8::1")));
    EXPECT_FALSE(trusted.contains(ip("192.0.2.1")));
}

TEST(TrustedHops, WhatIsNoRangeIsRefusedByName) {
    struct Case {
        std::string text;
        std::string remedy;
    };
    const std::vector<Case> cases = {
        {"", "is no CIDR: write"},
        {"/8", "is no CIDR"},
        {"10.0.0", "is no CIDR"},
        {"10.0.0.0.0/8", "is no CIDR"},
        {"10.0.0.01", "is no CIDR"},
        {" 10.0.0.0/8", "is no CIDR"},
        {"10.0.0.0 /8", "is no CIDR"},
        {"example.com", "is no CIDR"},
        {"fe80::1%eth0", "is no CIDR"},
        {"[2001:db8::]/32", "is no CIDR"},
        {"10.0.0.0:80", "is no CIDR"},
        {std::string("10.0.0.0\0", 9), "is no CIDR"},
        {"10.0.0.0/", "no such prefix: 0 to 32"},
        {"10.0.0.0/33", "no such prefix: 0 to 32"},
        {"10.0.0.0/08", "no such prefix"},
        {"10.0.0.0/-8", "no such prefix"},
        {"10.0.0.0/8/8", "no such prefix"},
        {"10.0.0.0/255.0.0.0", "no such prefix"},
        {"2001:db8::/129", "no such prefix: 0 to 128"},
        {"2001:db8::/1000", "no such prefix: 0 to 128"},
        {"10.1.2.3/8", "write 10.0.0.0/8, or 10.1.2.3 for that address alone"},
        {"10.0.0.1/31", "write 10.0.0.0/31"},
        {"1.2.3.4/0", "write 0.0.0.0/0"},
        {"2001:db8::1/32", "write 2001:db8::/32"},
        {"2001:db8::1:0:0:1/80", "write 2001:db8:0:0:1::/80"},
        {"::ffff:10.0.0.0/95", "has bits set"},
    };
    for (const Case& c : cases) {
        const auto parsed = TrustedHops::parse(Texts{"10.0.0.0/8", c.text});
        ASSERT_FALSE(parsed) << c.text;
        EXPECT_NE(parsed.error().find(c.remedy), std::string::npos) << parsed.error();
        EXPECT_NE(parsed.error().find("\"" + c.text + "\""), std::string::npos) << parsed.error();
    }
}

TEST(TrustedHops, AreBounded) {
    const Texts most(limits::kTrustedHops, "10.0.0.0/8");
    EXPECT_TRUE(TrustedHops::parse(most));
    const Texts more(limits::kTrustedHops + 1, "10.0.0.0/8");
    const auto parsed = TrustedHops::parse(more);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().find("more than 64 trusted hops"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http
