// Reads both versions of the header strictly: what is not exactly as specified is refused.
#include "proxy/net/proxy_protocol.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <optional>

#include "table/limits.h"

namespace sluice::net {

namespace {

constexpr std::string_view kLinePrefix = "PROXY ";
constexpr size_t kLineBytes = 107;  // the longest line of version 1, its end included
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t kFixedBytes = 16;  // of version 2: signature, command, family, length
constexpr size_t kCommandAt = 12;
constexpr size_t kFamilyAt = 13;
constexpr size_t kLengthAt = 14;
constexpr uint8_t kVersion2 = 0x2;
constexpr uint8_t kLocal = 0x0;
constexpr uint8_t kProxy = 0x1;
constexpr uint8_t kHighestFamily = 0x3;    // AF_UNIX
constexpr uint8_t kHighestProtocol = 0x2;  // datagrams
constexpr uint8_t kTcp4 = 0x11;
constexpr uint8_t kTcp6 = 0x21;
constexpr size_t kPortBytes = 2;
constexpr size_t kExtensionHeadBytes = 3;  // type, length
constexpr uint8_t kCrcType = 0x03;
constexpr size_t kCrcBytes = 4;
constexpr uint32_t kCrcStart = 0xffffffff;

constexpr std::array<uint32_t, 256> make_crc_table() {
    constexpr uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        table[i] = crc;
    }
    return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

uint32_t crc_over(uint32_t crc, std::string_view bytes) {
    for (const char c : bytes) {
        crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
    }
    return crc;
}

ProxyHeader refused() {
    return {};
}

ProxyHeader need_more() {
    return {.state = ProxyParse::need_more};
}

ProxyHeader complete(size_t size) {
    return {.state = ProxyParse::complete, .size = size};
}

uint8_t byte_at(std::string_view bytes, size_t at) {
    return static_cast<uint8_t>(bytes[at]);
}

uint16_t word_at(std::string_view bytes, size_t at) {
    return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

bool starts_alike(std::string_view a, std::string_view b) {
    const size_t shared = std::min(a.size(), b.size());
    return a.substr(0, shared) == b.substr(0, shared);
}

// --- version 1: a line of text

// Takes the word before the next blank off the front; the blank itself must be a single one,
// because an empty word is no lawful value anywhere.
std::string_view take_word(std::string_view& line) {
    const size_t blank = line.find(' ');
    const std::string_view word = line.substr(0, blank);
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
    return word;
}

bool read_address(std::string_view text, int family, Address& address) {
    std::array<char, kAddressTextBytes> terminated;
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::memcpy(terminated.data(), text.data(), text.size());
    terminated[text.size()] = '\0';
    if (family == AF_INET6) {
        return ::inet_pton(AF_INET6, terminated.data(), address.bytes.data()) == 1;
    }
    address.bytes[10] = address.bytes[11] = 0xff;
    return ::inet_pton(AF_INET, terminated.data(), address.bytes.data() + 12) == 1;
}

bool read_port(std::string_view text, Address& address) {
    constexpr size_t kMostDigits = 5;
    if (text.empty() || text.size() > kMostDigits) return false;
    if (text.front() == '0' && text.size() > 1) return false;
    uint32_t port = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return false;
        port = port * 10 + static_cast<uint32_t>(c - '0');
    }
    if (port > UINT16_MAX) return false;
    address.port = static_cast<uint16_t>(port);
    return true;
}

// `line` stands between the prefix and the line's end, which are `size` bytes with it.
ProxyHeader read_line(std::string_view line, size_t size) {
    ProxyHeader header = complete(size);
    const bool ends_in_blank = line.ends_with(' ');
    const std::string_view family = take_word(line);
    // Whatever an UNKNOWN says of addresses must be ignored.
    if (family == "UNKNOWN") return header;
    if (ends_in_blank || (family != "TCP4" && family != "TCP6")) return refused();
    const int kind = family == "TCP4" ? AF_INET : AF_INET6;
    const bool lawful = read_address(take_word(line), kind, header.source) &&
                        read_address(take_word(line), kind, header.destination) &&
                        read_port(take_word(line), header.source) &&
                        read_port(take_word(line), header.destination) && line.empty();
    if (!lawful) return refused();
    header.relayed = true;
    return header;
}

ProxyHeader parse_line(std::string_view bytes) {
    const std::string_view line = bytes.substr(0, kLineBytes);
    if (line.size() < kLinePrefix.size()) return need_more();
    const size_t end = line.find_first_of(kLineEnd);
    if (end == std::string_view::npos || end + 1 == line.size()) {
        const bool may_end = end == std::string_view::npos || line[end] == '\r';
        return may_end && line.size() < kLineBytes ? need_more() : refused();
    }
    if (line.substr(end, kLineEnd.size()) != kLineEnd) return refused();
    const size_t size = end + kLineEnd.size();
    return read_line(line.substr(kLinePrefix.size(), end - kLinePrefix.size()), size);
}

// --- version 2: binary

// Walks the extensions of `header` from `at` to its end: each must fit, and a checksum must hold.
bool extensions_hold(std::string_view header, size_t at) {
    std::optional<size_t> crc_at;
    while (at < header.size()) {
        if (header.size() - at < kExtensionHeadBytes) return false;
        const uint8_t type = byte_at(header, at);
        const size_t length = word_at(header, at + 1);
        at += kExtensionHeadBytes;
        if (length > header.size() - at) return false;
        if (type == kCrcType) {
            if (length != kCrcBytes || crc_at) return false;
            crc_at = at;
        }
        at += length;
    }
    if (!crc_at) return true;
    // The checksum counts as zeros in its own sum.
    constexpr std::string_view kZeros{"\0\0\0\0", kCrcBytes};
    uint32_t crc = crc_over(kCrcStart, header.substr(0, *crc_at));
    crc = crc_over(crc, kZeros);
    crc = ~crc_over(crc, header.substr(*crc_at + kCrcBytes));
    const uint32_t given =
        uint32_t{word_at(header, *crc_at)} << 16 | word_at(header, *crc_at + kPortBytes);
    return crc == given;
}

Address address_at(std::string_view header, size_t at, size_t bytes, size_t port_at) {
    Address address;
    if (bytes < address.bytes.size()) address.bytes[10] = address.bytes[11] = 0xff;
    std::memcpy(
        address.bytes.data() + address.bytes.size() - bytes, header.substr(at).data(), bytes
    );
    address.port = word_at(header, port_at);
    return address;
}

// `header` is whole and says PROXY, TCP over IP with addresses of `bytes` bytes.
ProxyHeader read_addresses(std::string_view header, size_t bytes) {
    const size_t ports_at = kFixedBytes + 2 * bytes;
    const size_t extensions_at = ports_at + 2 * kPortBytes;
    if (header.size() < extensions_at || !extensions_hold(header, extensions_at)) return refused();
    ProxyHeader read = complete(header.size());
    read.relayed = true;
    read.source = address_at(header, kFixedBytes, bytes, ports_at);
    read.destination = address_at(header, kFixedBytes + bytes, bytes, ports_at + kPortBytes);
    return read;
}

ProxyHeader parse_binary(std::string_view bytes) {
    if (bytes.size() <= kCommandAt) return need_more();
    const uint8_t version = byte_at(bytes, kCommandAt) >> 4;
    const uint8_t command = byte_at(bytes, kCommandAt) & 0xf;
    if (version != kVersion2 || command > kProxy) return refused();
    if (bytes.size() <= kFamilyAt) return need_more();
    const uint8_t family = byte_at(bytes, kFamilyAt);
    const bool known = family >> 4 <= kHighestFamily && (family & 0xf) <= kHighestProtocol;
    // LOCAL says nothing of a client: its family is ignored like the rest of it.
    if (command == kProxy && !known) return refused();
    if (bytes.size() < kFixedBytes) return need_more();
    const size_t size = kFixedBytes + word_at(bytes, kLengthAt);
    if (size > limits::kProxyHeaderBytes) return refused();
    if (bytes.size() < size) return need_more();
    if (command == kLocal) return complete(size);
    if (family == kTcp4) return read_addresses(bytes.substr(0, size), sizeof(in_addr));
    if (family == kTcp6) return read_addresses(bytes.substr(0, size), sizeof(in6_addr));
    return complete(size);
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
    if (bytes.empty()) return need_more();
    if (starts_alike(bytes, kLinePrefix)) return parse_line(bytes);
    if (starts_alike(bytes, kSignature)) return parse_binary(bytes);
    return refused();
}

uint32_t crc32c(std::string_view bytes) {
    return ~crc_over(kCrcStart, bytes);
}

}  // namespace sluice::net
