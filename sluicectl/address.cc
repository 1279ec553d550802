// Addresses of the command line, checked with the kernel's own parser and a trial bind.
#include "sluicectl/address.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::ctl {
namespace {

struct Resolved {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

std::optional<Resolved> resolve(const Address& address) {
    Resolved resolved;
    auto* v4 = reinterpret_cast<sockaddr_in*>(&resolved.storage);
    if (::inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(address.port);
        resolved.size = sizeof *v4;
        return resolved;
    }
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&resolved.storage);
    resolved.storage = {};
    if (::inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) != 1) return std::nullopt;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    resolved.size = sizeof *v6;
    return resolved;
}

}  // namespace

std::optional<Address> parse_address(const std::string& text) {
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    Address address;
    address.host = text.substr(0, colon);
    const bool bracketed =
        address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']';
    if (bracketed) address.host = address.host.substr(1, address.host.size() - 2);
    if (bracketed != (address.host.find(':') != std::string::npos)) return std::nullopt;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error != std::errc{} || rest != end || !resolve(address)) return std::nullopt;
    return address;
}

std::string to_string(const Address& address) {
    const bool v6 = address.host.find(':') != std::string::npos;
    return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::string listen_obstacle(const Address& address) {
    const auto resolved = resolve(address);
    if (!resolved) return "not a numeric address";
    const auto& where = reinterpret_cast<const sockaddr&>(resolved->storage);
    const int fd = ::socket(where.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return std::strerror(errno);
    const int yes = 1;  // a connection in TIME_WAIT is no obstacle
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const bool bound = ::bind(fd, &where, resolved->size) == 0 && ::listen(fd, 1) == 0;
    const int error = errno;
    ::close(fd);
    if (bound) return "";
    return error == EADDRINUSE ? "in use" : std::strerror(error);
}

}  // namespace sluice::ctl
