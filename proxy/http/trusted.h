// The hops in front of us whose word about their clients is believed: a set of CIDRs, fixed at
// start.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "proxy/http/ip_text.h"

namespace sluice::http {

class TrustedHops {
public:
    TrustedHops() = default;  // nobody

    // "10.0.0.0/8", "2001:db8::/32", or one address; at most limits::kTrustedHops. The error is a
    // sentence that names the text and the remedy. "::/0" holds every IPv6 address and no IPv4
    // address; "::ffff:10.0.0.0/104" is another spelling of "10.0.0.0/8".
    static tl::expected<TrustedHops, std::string> parse(std::span<const std::string> cidrs);
    static const TrustedHops& none();

    bool empty() const { return cidrs_.empty(); }
    bool contains(const IpBytes& address) const;

private:
    // Halves in host order, so that a test is two masks and two comparisons.
    struct Cidr {
        uint64_t high = 0;
        uint64_t low = 0;
        uint64_t high_mask = 0;
        uint64_t low_mask = 0;
        bool ipv4 = false;
    };
    static tl::expected<Cidr, std::string> parse_cidr(const std::string& text);

    std::vector<Cidr> cidrs_;
};

}  // namespace sluice::http
