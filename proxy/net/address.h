// A TCP address as the table and the log have it: 16 bytes (IPv4 as ::ffff:a.b.c.d) and a port in
// host order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::net {

struct Address {
    std::array<uint8_t, 16> bytes{};
    uint16_t port = 0;
    bool is_v4() const;
};

// "10.0.0.1" or "2001:db8::1", without port or brackets, into `out`; returns the length.
inline constexpr size_t kAddressTextBytes = 46;
size_t address_text(const Address& address, char* out);
// "10.0.0.1:8000" or "[2001:db8::1]:8000"; not for the hot path.
std::string with_port(const Address& address);

}  // namespace sluice::net
