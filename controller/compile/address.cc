// Special-purpose addresses, RFC 6890.
#include "controller/compile/address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <string>

namespace sluice::compile {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
// Where one cloud serves instance credentials over IPv6, inside the private range that pods may
// use.
constexpr Address kMetadataV6{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};

bool is_mapped(const Address& address) {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

std::string_view why_refused_v4(const uint8_t* bytes, bool allow_loopback) {
    if (bytes[0] == 127) return allow_loopback ? "" : "is a loopback address";
    if (bytes[0] == 0) return "is an unspecified address";
    if (bytes[0] == 169 && bytes[1] == 254) return "is a link-local address (cloud metadata)";
    if (bytes[0] >= 224 && bytes[0] < 240) return "is a multicast address";
    if (bytes[0] >= 240) return "is a reserved or broadcast address";
    return {};
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) return {};
    const std::string terminated(text);
    Address address{};
    if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
    if (inet_pton(AF_INET, terminated.c_str(), address.data() + kMappedPrefix.size()) == 1) {
        return address;
    }
    return std::nullopt;
}

std::string_view why_refused(const Address& address, bool allow_loopback) {
    if (is_mapped(address)) {
        return why_refused_v4(address.data() + kMappedPrefix.size(), allow_loopback);
    }
    const bool begins_zero =
        std::all_of(address.begin(), address.end() - 1, [](uint8_t byte) { return byte == 0; });
    if (begins_zero && address.back() == 0) return "is an unspecified address";
    if (begins_zero && address.back() == 1) return allow_loopback ? "" : "is a loopback address";
    if (address[0] == 0xff) return "is a multicast address";
    if (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) return "is a link-local address";
    if (address == kMetadataV6) return "is the address of a cloud's metadata service";
    return {};
}

}  // namespace sluice::compile
