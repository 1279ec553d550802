// Addresses of endpoints: parsing, IPv4 inside IPv6, and each range that is refused at its edges.
#include "controller/compile/address.h"

#include <gtest/gtest.h>

namespace sluice::compile {
namespace {

std::string refusal(std::string_view text, bool allow_loopback = false) {
    const auto address = parse_address(text);
    return address ? std::string(why_refused(*address, allow_loopback)) : "no address";
}

TEST(Address, KeepsIpv4AsMapped) {
    const Address expected{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3};
    EXPECT_EQ(parse_address("10.1.2.3"), expected);
    EXPECT_EQ(parse_address("::ffff:10.1.2.3"), expected);
    EXPECT_EQ(parse_address("::FFFF:0a01:0203"), expected);
}

TEST(Address, ParsesIpv6InAnySpelling) {
    EXPECT_EQ(parse_address("fd00::1"), parse_address("FD00:0:0:0:0:0:0:1"));
    EXPECT_NE(parse_address("fd00::1"), parse_address("fd00::2"));
}

TEST(Address, RefusesWhatIsNone) {
    for (const char* text :
         {"",
          "pod",
          "10.0.0",
          "10.0.0.256",
          "10.0.0.01",
          "10.0.0.1:80",
          "[::1]",
          "fe80::1%eth0",
          "10.0.0.0/8",
          " 10.0.0.1",
          "10.0.0.1 ",
          "::1::",
          "1:2:3:4:5:6:7:8:9"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
    EXPECT_FALSE(parse_address(std::string_view("10.0.0.1\0", 9)));
    EXPECT_FALSE(parse_address(std::string_view("10.0.0.1\0.evil", 14)));
    EXPECT_FALSE(parse_address(std::string(100'000, '1')));
}

TEST(Address, TakesPodAddresses) {
    for (const char* text :
         {"10.0.0.1",
          "192.168.1.1",
          "172.16.0.1",
          "100.64.0.1",
          "8.8.8.8",
          "1.0.0.0",
          "126.255.255.255",
          "128.0.0.0",
          "169.253.255.255",
          "169.255.0.0",
          "223.255.255.255",
          "fd00::1",
          "2001:db8::1",
          "::2",
          "fe7f::1",
          "fec0::1",
          "fd00:ec2::253"}) {
        EXPECT_EQ(refusal(text), "") << text;
    }
}

TEST(Address, RefusesSpecialRanges) {
    for (const char* text :
         {"127.0.0.1",
          "127.255.255.255",
          "0.0.0.0",
          "0.255.255.255",
          "169.254.0.0",
          "169.254.169.254",
          "169.254.255.255",
          "224.0.0.0",
          "239.255.255.255",
          "240.0.0.0",
          "255.255.255.255",
          "::",
          "::1",
          "fe80::1",
          "febf::1",
          "ff00::",
          "ff02::1",
          "fd00:ec2::254",
          "::ffff:127.0.0.1",
          "::ffff:169.254.169.254",
          "::ffff:0.0.0.0"}) {
        EXPECT_NE(refusal(text), "") << text;
    }
}

TEST(Address, AllowsOnlyLoopbackOnRequest) {
    for (const char* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
        EXPECT_EQ(refusal(text, true), "") << text;
    for (const char* text :
         {"0.0.0.0", "::", "169.254.169.254", "fe80::1", "224.0.0.1", "ff02::1"}) {
        EXPECT_NE(refusal(text, true), "") << text;
    }
}

}  // namespace
}  // namespace sluice::compile
