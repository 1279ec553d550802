// What a trusted hop's forwarded fields become on their way to the endpoint, and that nobody else's
// do.
#include <gtest/gtest.h>

#include "proxy/http/caller.h"
#include "proxy/http/hop.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

using Lines = std::vector<std::string>;

std::string repeated(size_t count, std::string_view first) {
    std::string chain(first);
    for (size_t i = 1; i < count; ++i) chain += ", 10.2.2.2";
    return chain;
}

constexpr Peer kTrusted{.address = "10.0.0.1", .scheme = "https", .port = 8443, .trusted = true};

std::string forwarded(std::string_view lines, std::string_view name, const Peer& peer = kTrusted) {
    const RequestResult result("GET / HTTP/1.1\r\nHost: ours:81\r\n" + std::string(lines) + "\r\n");
    EXPECT_EQ(result.state, Parse::complete);
    EXPECT_EQ(rebuild_forwarded(*result.head, peer, *result.scratch), Reason::ok);
    EXPECT_EQ(count_of(result->fields, FieldId::x_forwarded_for), 1u);
    EXPECT_EQ(count_of(result->fields, FieldId::forwarded), 0u);
    EXPECT_EQ(count_of(result->fields, FieldId::x_forwarded_other), 0u);
    EXPECT_EQ(count_of(result->fields, FieldId::x_real_ip), 0u);
    return value_of(result->fields, name);
}

TEST(TrustedForwarded, TheChainGrowsByThePeer) {
    const std::vector<std::pair<Lines, std::string>> cases = {
        {{}, "10.0.0.1"},
        {{"198.51.100.9"}, "198.51.100.9, 10.0.0.1"},
        {{"1.1.1.1,198.51.100.9:80"}, "1.1.1.1, 198.51.100.9:80, 10.0.0.1"},
        {{"[2001:DB8::9]:1", "10.2.2.2"}, "[2001:DB8::9]:1, 10.2.2.2, 10.0.0.1"},
        {{"", "198.51.100.9,,", ","}, "198.51.100.9, 10.0.0.1"},
        {{"unknown"}, "10.0.0.1"},
        {{"1.1.1.1, <script>, 198.51.100.9, 10.2.2.2"}, "198.51.100.9, 10.2.2.2, 10.0.0.1"},
        {{"1.1.1.1", "x", "10.2.2.2"}, "10.2.2.2, 10.0.0.1"},
    };
    for (const auto& [chain, expected] : cases) {
        std::string lines;
        for (const std::string& line : chain) lines += "X-Forwarded-For: " + line + "\r\n";
        EXPECT_EQ(forwarded(lines, "x-forwarded-for"), expected);
    }
}

TEST(TrustedForwarded, TheChainIsCutAtItsFront) {
    const size_t most = limits::kForwardedHops;
    const std::string whole = repeated(most, "198.51.100.9");
    EXPECT_EQ(
        forwarded("X-Forwarded-For: " + whole + "\r\n", "x-forwarded-for"), whole + ", 10.0.0.1"
    );
    const std::string cut = repeated(most, "10.2.2.2") + ", 10.0.0.1";
    EXPECT_EQ(
        forwarded(
            "X-Forwarded-For: " + repeated(most + 1, "198.51.100.9") + "\r\n", "x-forwarded-for"
        ),
        cut
    );
}

TEST(TrustedForwarded, HostAndPortAreKeptWhenLawful) {
    const std::string host = "x-forwarded-host";
    EXPECT_EQ(forwarded("X-Forwarded-Host: Shop.example:8443\r\n", host), "Shop.example:8443");
    EXPECT_EQ(forwarded("X-Forwarded-Host: [2001:db8::1]:1\r\n", host), "[2001:db8::1]:1");
    for (const std::string_view bad :
         {"", "a b", "a, b", "a/b", "user@a", "a:0", "a:65536", "a..b", "<x>", "[1.2.3.4]"}) {
        EXPECT_EQ(forwarded("X-Forwarded-Host: " + std::string(bad) + "\r\n", host), "ours:81")
            << bad;
    }
    EXPECT_EQ(forwarded("X-Forwarded-Host: a\r\nX-Forwarded-Host: b\r\n", host), "ours:81");
    const std::string port = "x-forwarded-port";
    EXPECT_EQ(forwarded("X-Forwarded-Port: 1\r\n", port), "1");
    EXPECT_EQ(forwarded("X-Forwarded-Port: 65535\r\n", port), "65535");
    for (const std::string_view bad : {"", "0", "65536", "080", "-1", "80, 81", "http", "8 0"}) {
        EXPECT_EQ(forwarded("X-Forwarded-Port: " + std::string(bad) + "\r\n", port), "8443") << bad;
    }
    EXPECT_EQ(forwarded("X-Forwarded-Port: 80\r\nX-Forwarded-Port: 80\r\n", port), "8443");
}

TEST(TrustedForwarded, NothingElseIsKept) {
    for (const std::string_view name :
         {"Forwarded", "X-Real-IP", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Ssl"
         }) {
        EXPECT_EQ(forwarded(std::string(name) + ": spoofed\r\n", name), "(absent)") << name;
    }
}

TEST(TrustedForwarded, AnUntrustedPeersWordIsNever) {
    Peer peer = kTrusted;
    peer.trusted = false;
    const std::string said =
        "X-Forwarded-For: 198.51.100.9\r\nX-Forwarded-Host: spoofed\r\nX-Forwarded-Port: 1\r\n"
        "X-Forwarded-Proto: spoofed\r\n";
    EXPECT_EQ(forwarded(said, "x-forwarded-for", peer), "10.0.0.1");
    EXPECT_EQ(forwarded(said, "x-forwarded-host", peer), "ours:81");
    EXPECT_EQ(forwarded(said, "x-forwarded-port", peer), "8443");
    EXPECT_EQ(forwarded(said, "x-forwarded-proto", peer), "https");
}

TEST(TrustedForwarded, WhatDoesNotFitIsARefusal) {
    const RequestResult narrow(get_with("X-Forwarded-For: 198.51.100.9\r\n"));
    while (narrow.scratch->take(1) != nullptr) {
    }
    EXPECT_EQ(rebuild_forwarded(*narrow.head, kTrusted, *narrow.scratch), Reason::head_too_large);
}

}  // namespace
}  // namespace sluice::http
