// Text to address bytes, by inet_pton.
#include "proxy/http/ip_text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace sluice::http {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool to_bytes(int family, std::string_view text, uint8_t* bytes) {
    std::array<char, INET6_ADDRSTRLEN> terminated;
    if (text.size() >= terminated.size()) return false;
    // A NUL inside would end the text for inet_pton, but not for us.
    if (text.find('\0') != std::string_view::npos) return false;
    std::memcpy(terminated.data(), text.data(), text.size());
    terminated[text.size()] = '\0';
    return inet_pton(family, terminated.data(), bytes) == 1;
}

}  // namespace

bool parse_ipv4(std::string_view text, IpBytes& address) {
    std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
    return to_bytes(AF_INET, text, address.data() + kMappedPrefix.size());
}

bool parse_ipv6(std::string_view text, IpBytes& address) {
    return to_bytes(AF_INET6, text, address.data());
}

bool is_ipv4(const IpBytes& address) {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
}

}  // namespace sluice::http
