// Who a chain of hops speaks for, against a second reading of the rule that shares no code with the
// first: it splits, reads addresses and compares CIDRs by hand, from the front.
#include "proxy/http/caller.h"

#include <gtest/gtest.h>
#include <optional>
#include <random>

#include "proxy/http/hop.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

using Lines = std::vector<std::string>;

// --- the oracle: addresses as words, "4:" or "6:" with plain numbers behind

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == at) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

std::optional<unsigned long> number(const std::string& text, int base, size_t digits) {
    const std::string allowed =
        std::string("0123456789abcdefABCDEF").substr(0, base == 10 ? 10 : 22);
    if (text.empty() || text.size() > digits) return {};
    if (text.find_first_not_of(allowed) != std::string::npos) return {};
    if (base == 10 && text.size() > 1 && text[0] == '0') return {};
    return std::stoul(text, nullptr, base);
}

std::optional<std::vector<unsigned>> dotted(const std::string& text) {
    std::vector<unsigned> bytes;
    for (const std::string& part : split(text, '.')) {
        const auto value = number(part, 10, 3);
        if (!value || *value > 255) return {};
        bytes.push_back(static_cast<unsigned>(*value));
    }
    if (bytes.size() != 4) return {};
    return bytes;
}

// The groups of one side of "::".
std::optional<std::vector<unsigned>> groups(const std::string& text) {
    std::vector<unsigned> words;
    if (text.empty()) return words;
    const std::vector<std::string> parts = split(text, ':');
    for (size_t i = 0; i < parts.size(); ++i) {
        const auto tail = i + 1 == parts.size() ? dotted(parts[i]) : std::nullopt;
        const auto value = number(parts[i], 16, 4);
        if (tail) {
            words.push_back((*tail)[0] * 256 + (*tail)[1]);
            words.push_back((*tail)[2] * 256 + (*tail)[3]);
        } else if (value) {
            words.push_back(static_cast<unsigned>(*value));
        } else {
            return {};
        }
    }
    return words;
}

std::optional<std::vector<unsigned>> address_words(const std::string& text) {
    if (const auto v4 = dotted(text)) {
        return std::vector<unsigned>{
            0, 0, 0, 0, 0, 0xffff, (*v4)[0] * 256 + (*v4)[1], (*v4)[2] * 256 + (*v4)[3]
        };
    }
    const size_t gap = text.find("::");
    if (gap == std::string::npos) {
        auto words = groups(text);
        if (!words || words->size() != 8) return {};
        return words;
    }
    auto front = groups(text.substr(0, gap));
    const auto back = groups(text.substr(gap + 2));
    if (!front || !back || front->size() + back->size() > 7) return {};
    if (gap > 0 && text.substr(0, gap).find('.') != std::string::npos) return {};
    front->resize(8 - back->size());
    front->insert(front->end(), back->begin(), back->end());
    return front;
}

std::optional<std::vector<unsigned>> element_words(const std::string& element) {
    std::string host = element;
    std::optional<std::string> port;
    if (!element.empty() && element[0] == '[') {
        const size_t end = element.find(']');
        if (end == std::string::npos) return {};
        host = element.substr(1, end - 1);
        if (host.find(':') == std::string::npos) return {};
        const std::string rest = element.substr(end + 1);
        if (!rest.empty() && rest[0] != ':') return {};
        if (!rest.empty()) port = rest.substr(1);
    } else if (split(element, ':').size() == 2) {
        host = split(element, ':')[0];
        port = split(element, ':')[1];
        if (host.find('.') == std::string::npos) return {};
    }
    if (port) {
        const auto value = number(*port, 10, 5);
        if (!value || *value == 0 || *value > 65535) return {};
    }
    return address_words(host);
}

bool in_range(const std::vector<unsigned>& words, const std::string& cidr) {
    const std::vector<std::string> parts = split(cidr, '/');
    const auto base = address_words(parts[0]);
    const bool v4 = parts[0].find(':') == std::string::npos;
    const bool is_v4 = std::vector<unsigned>(words.begin(), words.begin() + 6) ==
                       std::vector<unsigned>{0, 0, 0, 0, 0, 0xffff};
    if (v4 != is_v4) return false;
    unsigned bits =
        parts.size() > 1 ? static_cast<unsigned>(std::stoul(parts[1])) : (v4 ? 32 : 128);
    if (v4) bits += 96;
    for (unsigned bit = 0; bit < bits; ++bit) {
        const unsigned mask = 0x8000u >> (bit % 16);
        if ((words[bit / 16] & mask) != ((*base)[bit / 16] & mask)) return false;
    }
    return true;
}

std::vector<unsigned> oracle(const std::string& peer, const Lines& lines, const Lines& cidrs) {
    std::vector<std::string> elements;
    for (const std::string& line : lines) {
        for (std::string part : split(line, ',')) {
            while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.pop_back();
            while (!part.empty() && (part[0] == ' ' || part[0] == '\t')) part.erase(0, 1);
            if (!part.empty()) elements.push_back(part);
        }
    }
    const auto trusted = [&](const std::vector<unsigned>& words) {
        for (const std::string& cidr : cidrs) {
            if (in_range(words, cidr)) return true;
        }
        return false;
    };
    // From the front: whoever has only well-formed trusted hops behind it, and is well-formed.
    size_t first = elements.size();
    while (first > 0 && element_words(elements[first - 1])) {
        --first;
        if (!trusted(*element_words(elements[first])) || elements.size() - first == 32) break;
    }
    return first == elements.size() ? *address_words(peer) : *element_words(elements[first]);
}

// --- what is tested

IpBytes ip(std::string_view text) {
    IpBytes address{};
    EXPECT_TRUE(parse_ipv4(text, address) || parse_ipv6(text, address)) << text;
    return address;
}

std::vector<unsigned> words_of(const IpBytes& bytes) {
    std::vector<unsigned> words;
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

// Each row is told by hand, and by the oracle.
TEST(Chain, SpeaksForTheLastUntrustedHop) {
    const std::vector<Case> cases = {
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
    EXPECT_GE(cases.size(), 60u);
    for (const Case& c : cases) {
        const std::string shown = ::testing::PrintToString(c.chain);
        EXPECT_EQ(words_of(client(c.chain)), words_of(ip(c.client))) << shown;
        EXPECT_EQ(words_of(client(c.chain)), oracle(std::string(kPeerText), c.chain, kCidrs))
            << shown;
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
        EXPECT_EQ(words_of(client(chain, cidrs)), oracle(std::string(kPeerText), chain, cidrs))
            << ::testing::PrintToString(chain) << " by " << ::testing::PrintToString(cidrs);
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

// --- what goes on to the endpoint

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
