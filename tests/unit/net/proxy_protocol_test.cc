// PROXY protocol headers: every vector whole and in every cut, and what must never be believed.
#include "proxy/net/proxy_protocol.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "table/limits.h"
#include "tests/unit/net/proxy_headers.h"

namespace sluice::net {
namespace {

using namespace std::string_literals;
using testing::binary_header;
using testing::extension;
using testing::kLocalCommand;
using testing::kProxyCommand;
using testing::kTcp4Family;
using testing::kTcp6Family;
using testing::summed_header;
using testing::tcp4_block;
using testing::tcp6_block;
using testing::two_bytes;

// Parses exactly these bytes, nothing readable around them.
ProxyHeader parse(std::string_view text) {
    const std::unique_ptr<char[]> bytes(new char[text.size()]);
    if (!text.empty()) std::memcpy(bytes.get(), text.data(), text.size());
    return parse_proxy_header({bytes.get(), text.size()});
}

std::string show(const Address& address) {
    std::array<char, kAddressTextBytes> text;
    const size_t length = address_text(address, text.data());
    return std::string(text.data(), length) + " " + std::to_string(address.port);
}

// "refused", "need_more", "own" or both addresses.
std::string meaning(const ProxyHeader& header) {
    if (header.state == ProxyParse::refused) return "refused";
    if (header.state == ProxyParse::need_more) return "need_more";
    return header.relayed ? show(header.source) + " > " + show(header.destination) : "own";
}

// One verdict for all cuts: a whole header is asked for until its last byte, a refusal stands once
// it is spoken, and what follows changes nothing.
void expect_in_every_cut(const std::string& header, const std::string& expected) {
    bool spoken = false;
    for (size_t size = 0; size < header.size(); ++size) {
        const std::string said = meaning(parse(header.substr(0, size)));
        if (expected == "refused" && said == "refused") spoken = true;
        ASSERT_EQ(said, spoken ? "refused" : "need_more") << size << " bytes of " << header;
    }
    for (const std::string& behind : {""s, "GET / HTTP/1.1\r\n\r\n"s, "\r\n"s, "\n"s, "\0"s}) {
        const ProxyHeader whole = parse(header + behind);
        ASSERT_EQ(meaning(whole), expected) << header;
        if (whole.state == ProxyParse::complete) {
            EXPECT_EQ(whole.size, header.size()) << header;
        }
    }
}

struct Vector {
    std::string header;
    std::string expected;
};

TEST(ProxyLine, IsReadAsWritten) {
    const std::vector<Vector> vectors = {
        {"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1 56324 > 192.168.0.11 443"
        },
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
         "255.255.255.255 65535 > 255.255.255.255 65535"},
        {"PROXY TCP4 0.0.0.0 1.2.3.4 0 0\r\n", "0.0.0.0 0 > 1.2.3.4 0"},
        {"PROXY TCP6 2001:DB8::1 ::1 1 8080\r\n", "2001:db8::1 1 > ::1 8080"},
        {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 > "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
        {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1 1 > ::1 2"},
        {"PROXY UNKNOWN\r\n", "own"},
        {"PROXY UNKNOWN \r\n", "own"},
        {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
         "own"},
        {"PROXY UNKNOWN what\0ever 1.2.3.4  x\r\n"s, "own"},
    };
    for (const Vector& vector : vectors) expect_in_every_cut(vector.header, vector.expected);
}

TEST(ProxyLine, WhatIsNotExactlyThatIsRefused) {
    const std::vector<std::string> headers = {
        "PROXY \r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 \r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
        "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n",
        "PROXY TCP4\t1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.4.5 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n",
        "PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 0x1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.-4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 +1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP6 ::1 5.6.7.8 1 2\r\n",
        "PROXY TCP6 :::1 ::1 1 2\r\n",
        "PROXY TCP6 1::2::3 ::1 1 2\r\n",
        "PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2\r\n",
        "PROXY TCP6 fffff::1 ::1 1 2\r\n",
        "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        "PROXY TCP6 [::1] ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 4294967297 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 00\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 0x1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1\r2\r\n",
        "PROXY UNKNOWN\n",
        "PROXY UNKNOWN a\nb\r\n",
        "PROXY UNKNOWN a\rb\r\n",
        "PROXY UNKNOWNS\r\n",
        "PROXY unknown\r\n",
        "PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n"s,
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\0\r\n"s,
        "PROXY\0TCP4 1.2.3.4 5.6.7.8 1 2\r\n"s,
        "\0PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"s,
        "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        " PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\n\r\n",
        "PUT / HTTP/1.1\r\nhost: a\r\n\r\n",
        "\x16\x03\x01\x02",
    };
    for (const std::string& header : headers) expect_in_every_cut(header, "refused");
}

// The longest line is 107 bytes, its end included.
TEST(ProxyLine, EndsInTime) {
    const std::string start = "PROXY UNKNOWN ";
    const std::string longest = start + std::string(107 - 2 - start.size(), 'x') + "\r\n";
    expect_in_every_cut(longest, "own");
    const std::string overlong = start + std::string(108 - 2 - start.size(), 'x') + "\r\n";
    expect_in_every_cut(overlong, "refused");
    EXPECT_EQ(parse(overlong.substr(0, 106)).state, ProxyParse::need_more);
    EXPECT_EQ(parse(overlong.substr(0, 107)).state, ProxyParse::refused);
}

TEST(ProxyBinary, IsReadAsWritten) {
    const std::string v4 = "198.51.100.9 40000 > 203.0.113.5 443";
    const std::string v6 = "2001:db8::9 40000 > 2001:db8::5 443";
    std::string mapped = tcp6_block();
    mapped.replace(0, 16, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x01"s);
    const std::string noop = extension(4, "pad");
    const std::vector<Vector> vectors = {
        {binary_header(kProxyCommand, kTcp4Family, tcp4_block()), v4},
        {binary_header(kProxyCommand, kTcp6Family, tcp6_block()), v6},
        {binary_header(kProxyCommand, kTcp6Family, mapped), "192.0.2.1 40000 > 2001:db8::5 443"},
        {binary_header(kProxyCommand, kTcp4Family, tcp4_block() + noop + extension(2, "a.b")), v4},
        {binary_header(kProxyCommand, kTcp4Family, tcp4_block() + extension(0xee, "")), v4},
        {summed_header(kTcp4Family, tcp4_block(), ""), v4},
        {summed_header(kTcp6Family, tcp6_block(), noop), v6},
        {summed_header(kTcp4Family, tcp4_block() + noop, noop), v4},
        {binary_header(kLocalCommand, 0, ""), "own"},
        {binary_header(kLocalCommand, kTcp4Family, tcp4_block()), "own"},
        {binary_header(kLocalCommand, 0xff, "whatever"), "own"},
        {binary_header(kProxyCommand, 0x00, ""), "own"},
        {binary_header(kProxyCommand, 0x00, "ignored"), "own"},
        {binary_header(kProxyCommand, 0x10, tcp4_block()), "own"},
        {binary_header(kProxyCommand, 0x12, tcp4_block()), "own"},
        {binary_header(kProxyCommand, 0x22, tcp6_block()), "own"},
        {binary_header(kProxyCommand, 0x31, std::string(216, '\0')), "own"},
        {binary_header(kProxyCommand, 0x01, ""), "own"},
    };
    for (const Vector& vector : vectors) expect_in_every_cut(vector.header, vector.expected);
}

TEST(ProxyBinary, WhatIsNotExactlyThatIsRefused) {
    std::string bad_sum = summed_header(kTcp4Family, tcp4_block(), "");
    bad_sum.back() = static_cast<char>(bad_sum.back() ^ 1);
    std::string moved = summed_header(kTcp4Family, tcp4_block(), "");
    moved[16] = static_cast<char>(moved[16] ^ 1);
    const std::string zeros(4, '\0');
    const std::string sum = summed_header(kTcp4Family, tcp4_block(), "").substr(28);
    const std::vector<std::string> headers = {
        binary_header(0x11, kTcp4Family, tcp4_block()),  // version 1
        binary_header(0x31, kTcp4Family, tcp4_block()),
        binary_header(0x22, kTcp4Family, tcp4_block()),  // no such command
        binary_header(kProxyCommand, 0x41, tcp4_block()),
        binary_header(kProxyCommand, 0x13, tcp4_block()),
        binary_header(kProxyCommand, kTcp4Family, ""),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block().substr(0, 11)),
        binary_header(kProxyCommand, kTcp6Family, tcp6_block().substr(0, 35)),
        binary_header(kProxyCommand, kTcp6Family, tcp4_block()),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + "x"),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + "\x04\0"s),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + "\x04\0\x01"s),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + "\x04\xff\xffxx"s),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + extension(3, zeros)),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + extension(3, "abc")),
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + extension(3, "abcde")),
        summed_header(kTcp4Family, tcp4_block(), sum),  // two of them
        bad_sum,
        moved,
        "\r\n\r\n\0\r\nQUIT\r"s,
        "\r\n\r\nGET / HTTP/1.1\r\n"s,
    };
    for (const std::string& header : headers) expect_in_every_cut(header, "refused");
}

TEST(ProxyBinary, LengthIsBounded) {
    const size_t block = limits::kProxyHeaderBytes - 16;
    const std::string padding(block - 12 - 3, 'p');
    const std::string largest =
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + extension(4, padding));
    ASSERT_EQ(largest.size(), limits::kProxyHeaderBytes);
    EXPECT_EQ(parse(largest).state, ProxyParse::complete);
    const std::string larger =
        binary_header(kProxyCommand, kTcp4Family, tcp4_block() + extension(4, padding + "p"));
    EXPECT_EQ(parse(larger).state, ProxyParse::refused);
    EXPECT_EQ(parse(larger.substr(0, 16)).state, ProxyParse::refused) << "before it is read";
    EXPECT_EQ(
        parse(binary_header(kLocalCommand, 0, std::string(block + 1, 'x'))).state,
        ProxyParse::refused
    );
}

// RFC 3720 B.4.
TEST(Crc32c, KnownSums) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
    EXPECT_EQ(crc32c(""), 0u);
}

}  // namespace
}  // namespace sluice::net
