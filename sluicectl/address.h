// "ADDRESS:PORT" as people write it, and whether somebody already listens there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sluice::ctl {

struct Address {
    std::string host;  // without brackets: "127.0.0.1", "::1"
    uint16_t port = 0;
    bool operator==(const Address&) const = default;
};

// Numeric addresses only: names would depend on a resolver. nullopt when it is none.
std::optional<Address> parse_address(const std::string& text);
std::string to_string(const Address& address);

// Why nobody can listen at `address` now ("in use", "permission denied"), or "". Port 0 is always
// free. Asked before a program starts, since the proxy's own sockets would share a port
// (SO_REUSEPORT).
std::string listen_obstacle(const Address& address);

}  // namespace sluice::ctl
