// IP addresses and ports as text in fields and options. Private to proxy/http, but for IpBytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "proxy/http/ascii.h"

namespace sluice::http {

// Network order; IPv4 as ::ffff:a.b.c.d, so that both spellings of one address are equal.
using IpBytes = std::array<uint8_t, 16>;

// The whole of `text`, no blanks, zones, leading zeros or short forms of IPv4. False: `address` is
// unspecified.
bool parse_ipv4(std::string_view text, IpBytes& address);
bool parse_ipv6(std::string_view text, IpBytes& address);
bool is_ipv4(const IpBytes& address);

// 1..65535 without leading zeros.
inline bool is_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || text.front() == '0') return false;
    uint32_t port = 0;
    for (const char c : text) {
        if (!detail::is_digit(c)) return false;
        port = port * 10 + static_cast<uint32_t>(c - '0');
    }
    return port <= 0xffff;
}

}  // namespace sluice::http
