// Address conversions and the system calls that make connections.
#include "proxy/net/connect.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::net {

namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

Address from_sockaddr(const sockaddr_storage& from) {
    Address address;
    if (from.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &from, sizeof v4);
        std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin());
        std::memcpy(address.bytes.data() + 12, &v4.sin_addr, 4);
        address.port = ntohs(v4.sin_port);
    } else if (from.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &from, sizeof v6);
        std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
        address.port = ntohs(v6.sin6_port);
    }
    return address;
}

socklen_t to_sockaddr(const Address& address, sockaddr_storage& to) {
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(address.port);
        std::memcpy(&v4.sin_addr, address.bytes.data() + 12, 4);
        std::memcpy(&to, &v4, sizeof v4);
        return sizeof v4;
    }
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
    std::memcpy(&to, &v6, sizeof v6);
    return sizeof v6;
}

void no_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

bool Address::is_v4() const {
    return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

size_t address_text(const Address& address, char* out) {
    const bool v4 = address.is_v4();
    const uint8_t* from = address.bytes.data() + (v4 ? 12 : 0);
    if (::inet_ntop(v4 ? AF_INET : AF_INET6, from, out, kAddressTextBytes) == nullptr) return 0;
    return std::strlen(out);
}

std::string with_port(const Address& address) {
    std::array<char, kAddressTextBytes> text{};
    const std::string host(text.data(), address_text(address, text.data()));
    const std::string port = ":" + std::to_string(address.port);
    return (address.is_v4() ? host : "[" + host + "]") + port;
}

Dialed dial(const Address& to) {
    sockaddr_storage target{};
    const socklen_t length = to_sockaddr(to, target);
    const int fd = ::socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return {-1, errno};
    no_delay(fd);
    const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&target), length);
    if (result == 0 || errno == EINPROGRESS) return {fd, 0};
    const int error = errno;
    ::close(fd);
    return {-1, error};
}

Accepted accept_one(int listener) {
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const int fd = ::accept4(
        listener, reinterpret_cast<sockaddr*>(&from), &length, SOCK_NONBLOCK | SOCK_CLOEXEC
    );
    if (fd < 0) return {-1, errno, {}};
    no_delay(fd);
    return {fd, 0, from_sockaddr(from)};
}

Address local_address(int fd) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return {};
    return from_sockaddr(name);
}

}  // namespace sluice::net
