// CIDR text to masks, and membership.
#include "proxy/http/trusted.h"

#include <arpa/inet.h>

#include "table/limits.h"

namespace sluice::http {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kHalfBits = 64;
constexpr unsigned kMappedBits = 96;  // in front of an IPv4 address

uint64_t half(const IpBytes& address, size_t from) {
    uint64_t value = 0;
    for (size_t i = from; i < from + sizeof value; ++i) value = value << 8 | address[i];
    return value;
}

// The first `bits` of a half.
uint64_t mask(unsigned bits) {
    if (bits == 0) return 0;
    return bits >= kHalfBits ? ~uint64_t{0} : ~uint64_t{0} << (kHalfBits - bits);
}

std::string text_of(const IpBytes& address, bool ipv4) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const uint8_t* from = address.data() + (ipv4 ? kMappedBits / 8 : 0);
    inet_ntop(ipv4 ? AF_INET : AF_INET6, from, text.data(), text.size());
    return text.data();
}

// The number of a prefix; more than kBits when it is none.
unsigned prefix_of(std::string_view text) {
    constexpr unsigned kNone = kBits + 1;
    constexpr size_t kMostDigits = 3;
    if (text.empty() || text.size() > kMostDigits) return kNone;
    if (text.front() == '0' && text.size() > 1) return kNone;
    unsigned bits = 0;
    for (const char c : text) {
        if (!detail::is_digit(c)) return kNone;
        bits = bits * 10 + static_cast<unsigned>(c - '0');
    }
    return bits > kBits ? kNone : bits;
}

tl::unexpected<std::string> wrong(const std::string& text, const std::string& why) {
    return tl::unexpected<std::string>("trusted hop \"" + text + "\" " + why);
}

}  // namespace

tl::expected<TrustedHops::Cidr, std::string> TrustedHops::parse_cidr(const std::string& text) {
    const size_t slash = text.find('/');
    const std::string_view base = std::string_view(text).substr(0, slash);
    IpBytes address{};
    const bool dotted = parse_ipv4(base, address);
    if (!dotted && !parse_ipv6(base, address)) {
        return wrong(text, "is no CIDR: write 10.0.0.0/8, 2001:db8::/32 or one address");
    }
    const unsigned before = dotted ? kMappedBits : 0;
    unsigned bits = kBits - before;
    if (slash != std::string::npos) {
        const unsigned given = prefix_of(std::string_view(text).substr(slash + 1));
        if (given > bits) {
            return wrong(text, "has no such prefix: 0 to " + std::to_string(bits) + " is lawful");
        }
        bits = given;
    }
    Cidr cidr{.ipv4 = http::is_ipv4(address)};
    cidr.high_mask = mask(std::min(bits + before, kHalfBits));
    cidr.low_mask = mask(bits + before > kHalfBits ? bits + before - kHalfBits : 0);
    cidr.high = half(address, 0) & cidr.high_mask;
    cidr.low = half(address, sizeof(uint64_t)) & cidr.low_mask;
    if (cidr.high != half(address, 0) || cidr.low != half(address, sizeof(uint64_t))) {
        for (unsigned bit = bits + before; bit < kBits; ++bit) {
            address[bit / 8] &= static_cast<uint8_t>(~(0x80u >> bit % 8));
        }
        const std::string network = text_of(address, dotted) + "/" + std::to_string(bits);
        return wrong(
            text,
            "has bits set behind its prefix: write " + network + ", or " + std::string(base) +
                " for that address alone"
        );
    }
    return cidr;
}

tl::expected<TrustedHops, std::string> TrustedHops::parse(std::span<const std::string> cidrs) {
    if (cidrs.size() > limits::kTrustedHops) {
        return tl::unexpected<std::string>(
            "more than " + std::to_string(limits::kTrustedHops) +
            " trusted hops: join neighbouring ranges into one"
        );
    }
    TrustedHops hops;
    for (const std::string& text : cidrs) {
        const auto cidr = parse_cidr(text);
        if (!cidr) return tl::unexpected<std::string>(cidr.error());
        hops.cidrs_.push_back(*cidr);
    }
    return hops;
}

const TrustedHops& TrustedHops::none() {
    static const TrustedHops nobody;
    return nobody;
}

bool TrustedHops::contains(const IpBytes& address) const {
    const uint64_t high = half(address, 0);
    const uint64_t low = half(address, sizeof(uint64_t));
    const bool ipv4 = http::is_ipv4(address);
    for (const Cidr& cidr : cidrs_) {
        // An IPv4 address is not inside an IPv6 range that happens to hold its mapped form.
        if (cidr.ipv4 != ipv4) continue;
        if ((high & cidr.high_mask) == cidr.high && (low & cidr.low_mask) == cidr.low) return true;
    }
    return false;
}

}  // namespace sluice::http
