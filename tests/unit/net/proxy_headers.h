// PROXY protocol headers as a load balancer writes them, for tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/net/proxy_protocol.h"

namespace sluice::net::testing {

inline constexpr uint8_t kLocalCommand = 0x20;
inline constexpr uint8_t kProxyCommand = 0x21;
inline constexpr uint8_t kTcp4Family = 0x11;
inline constexpr uint8_t kTcp6Family = 0x21;

inline std::string two_bytes(size_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

inline std::string binary_header(uint8_t command, uint8_t family, std::string_view block) {
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += static_cast<char>(command);
    header += static_cast<char>(family);
    return header + two_bytes(block.size()) + std::string(block);
}

// 198.51.100.9:40000 -> 203.0.113.5:443
inline std::string tcp4_block() {
    const std::string source{'\xc6', '\x33', '\x64', '\x09'};
    const std::string destination{'\xcb', '\x00', '\x71', '\x05'};
    return source + destination + two_bytes(40000) + two_bytes(443);
}

// [2001:db8::9]:40000 -> [2001:db8::5]:443
inline std::string tcp6_block() {
    std::string source(16, '\0');
    source.replace(0, 4, std::string{'\x20', '\x01', '\x0d', '\xb8'});
    std::string destination = source;
    source[15] = 9;
    destination[15] = 5;
    return source + destination + two_bytes(40000) + two_bytes(443);
}

inline std::string extension(uint8_t type, std::string_view value) {
    return std::string(1, static_cast<char>(type)) + two_bytes(value.size()) + std::string(value);
}

// The header with a true checksum behind its block; `more` stands behind the checksum.
inline std::string summed_header(uint8_t family, std::string_view block, std::string_view more) {
    const std::string zeros(4, '\0');
    const std::string whole = std::string(block) + extension(3, zeros) + std::string(more);
    std::string header = binary_header(kProxyCommand, family, whole);
    const uint32_t crc = crc32c(header);
    const size_t at = header.size() - more.size() - zeros.size();
    header.replace(at, 2, two_bytes(crc >> 16));
    header.replace(at + 2, 2, two_bytes(crc & 0xffff));
    return header;
}

}  // namespace sluice::net::testing
