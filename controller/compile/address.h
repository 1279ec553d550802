// Addresses of endpoints: text to bytes, and which of them may be sent traffic. An EndpointSlice
// can be written by whoever may write one in a namespace, so an address must not reach the proxy's
// own machine or the cloud's metadata service.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::compile {

using Address = std::array<uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d

// An IPv4 or IPv6 address; nullopt for anything else (names, zones, prefixes, embedded NULs).
std::optional<Address> parse_address(std::string_view text);

// Why no traffic may go there ("is a loopback address"); "" when it may.
std::string_view why_refused(const Address& address, bool allow_loopback);

}  // namespace sluice::compile
