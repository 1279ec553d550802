// Addresses as text to bound sockets.
#include "proxy/listen/listeners.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "table/limits.h"

namespace sluice::listen {
namespace {

constexpr int kBacklog = 4096;

union SocketAddress {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

tl::unexpected<std::string> refusal(const Wanted& wanted, const std::string& why) {
    return tl::unexpected<std::string>(wanted.flag + " " + wanted.address + ": " + why);
}

tl::unexpected<std::string> failed(const Wanted& wanted, const char* call) {
    switch (errno) {
        case EADDRINUSE:
            return refusal(wanted, "already in use; choose another port");
        case EACCES:
            return refusal(wanted, "not permitted; choose a port above 1023");
        case EMFILE:
            return refusal(wanted, "out of descriptors; raise the limit (ulimit -n)");
        default:
            return refusal(wanted, std::string(call) + ": " + std::strerror(errno));
    }
}

// Digits and nothing else.
bool number(std::string_view digits, uint16_t& value) {
    const auto [end, wrong] = std::from_chars(digits.begin(), digits.end(), value);
    return wrong == std::errc() && end == digits.end() && !digits.empty();
}

socklen_t size_of(const SocketAddress& address) {
    return address.any.sa_family == AF_INET6 ? sizeof address.v6 : sizeof address.v4;
}

in_port_t& port_of(SocketAddress& address) {
    return address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port;
}

tl::expected<SocketAddress, std::string> parse(const Wanted& wanted) {
    const std::string_view text = wanted.address;
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refusal(wanted, "write ADDRESS:PORT");
    uint16_t port = 0;
    if (!number(text.substr(colon + 1), port)) {
        return refusal(wanted, "the port is a number from 0 to 65535");
    }
    std::string host(text.substr(0, colon));
    SocketAddress address{};
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        address.v6.sin6_family = AF_INET6;
        host = host.substr(1, host.size() - 2);
        if (::inet_pton(AF_INET6, host.c_str(), &address.v6.sin6_addr) != 1) {
            return refusal(wanted, "no IPv6 address stands between the brackets");
        }
    } else {
        address.v4.sin_family = AF_INET;
        if (::inet_pton(AF_INET, host.c_str(), &address.v4.sin_addr) != 1) {
            return refusal(wanted, "write an IPv4 address, or an IPv6 address in brackets");
        }
    }
    port_of(address) = htons(port);
    return address;
}

std::string text_of(SocketAddress& address) {
    char host[INET6_ADDRSTRLEN] = "";
    const bool v6 = address.any.sa_family == AF_INET6;
    const void* const bytes = v6 ? static_cast<const void*>(&address.v6.sin6_addr)
                                 : static_cast<const void*>(&address.v4.sin_addr);
    ::inet_ntop(address.any.sa_family, bytes, host, sizeof host);
    const std::string port = std::to_string(ntohs(port_of(address)));
    return v6 ? "[" + std::string(host) + "]:" + port : std::string(host) + ":" + port;
}

// A bound socket; errno is set when it is empty.
table::Descriptor bound(const SocketAddress& address, bool shared) {
    const int one = 1;
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    table::Descriptor socket(::socket(address.any.sa_family, type, 0));
    if (!socket) return socket;
    const auto set = [&](int level, int option) {
        return ::setsockopt(socket.get(), level, option, &one, sizeof one) == 0;
    };
    if (!set(SOL_SOCKET, SO_REUSEADDR)) return {};
    if (shared && !set(SOL_SOCKET, SO_REUSEPORT)) return {};
    // "[::]" and "0.0.0.0" are two listeners on every machine, whatever its bindv6only says.
    if (address.any.sa_family == AF_INET6 && !set(IPPROTO_IPV6, IPV6_V6ONLY)) return {};
    if (::bind(socket.get(), &address.any, size_of(address)) != 0) return {};
    return socket;
}

tl::expected<table::Descriptor, std::string> listening(
    const Wanted& wanted, SocketAddress& address, bool shared
) {
    table::Descriptor socket = bound(address, shared);
    if (!socket) return failed(wanted, "bind");
    if (::listen(socket.get(), kBacklog) != 0) return failed(wanted, "listen");
    socklen_t size = sizeof address;
    if (::getsockname(socket.get(), &address.any, &size) != 0) {
        return failed(wanted, "getsockname");
    }
    return socket;
}

// Binds and listens once per worker; `address` learns the port that the kernel gave.
tl::expected<void, std::string> bind_shared(
    const Wanted& wanted, SocketAddress& address, Listeners& listeners
) {
    // Without SO_REUSEPORT nobody else may listen there: a second Sluice would take its share.
    if (port_of(address) != 0 && !bound(address, false)) return failed(wanted, "bind");
    for (auto& sockets : listeners.sockets) {
        auto socket = listening(wanted, address, true);
        if (!socket) return tl::unexpected<std::string>(socket.error());
        sockets.push_back(std::move(*socket));
    }
    return {};
}

// Every worker gets every worker's sockets, and puts them in their places by copies.
tl::expected<void, std::string> check_descriptors(size_t addresses, uint32_t workers) {
    constexpr size_t kOthers = 64;
    const size_t needed = 2 * addresses * workers + kOthers;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return {};
    return tl::unexpected<std::string>(
        std::to_string(addresses) + " addresses for " + std::to_string(workers) + " workers need " +
        std::to_string(needed) + " open files, " + std::to_string(limit.rlim_cur) +
        " are allowed: raise the limit (ulimit -n) or use fewer --workers"
    );
}

}  // namespace

tl::expected<Listeners, std::string> bind_all(const std::vector<Wanted>& wanted, uint32_t workers) {
    if (workers == 0 || workers > limits::kWorkers) {
        return tl::unexpected<std::string>(
            "--workers " + std::to_string(workers) + ": use 1 to " +
            std::to_string(limits::kWorkers)
        );
    }
    if (wanted.size() > limits::kListeners) {
        return refusal(
            wanted[limits::kListeners],
            "at most " + std::to_string(limits::kListeners) + " addresses are served"
        );
    }
    if (auto enough = check_descriptors(wanted.size(), workers); !enough) {
        return tl::unexpected<std::string>(enough.error());
    }
    Listeners listeners;
    listeners.sockets.resize(workers);
    for (const Wanted& each : wanted) {
        auto address = parse(each);
        if (!address) return tl::unexpected<std::string>(address.error());
        if (auto done = bind_shared(each, *address, listeners); !done) {
            return tl::unexpected<std::string>(done.error());
        }
        listeners.addresses.push_back(text_of(*address));
    }
    return listeners;
}

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

tl::expected<Bound, std::string> bind_one(const Wanted& wanted) {
    auto address = parse(wanted);
    if (!address) return tl::unexpected<std::string>(address.error());
    auto socket = listening(wanted, *address, false);
    if (!socket) return tl::unexpected<std::string>(socket.error());
    return Bound{std::move(*socket), text_of(*address)};
}

tl::expected<void, std::string> check(const Wanted& wanted) {
    const auto address = parse(wanted);
    if (!address) return tl::unexpected<std::string>(address.error());
    return {};
}

}  // namespace sluice::listen
