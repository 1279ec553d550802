// The listening socket and the connections that it gave birth to.
#include "modelsim/server.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netdb.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::modelsim {
namespace {

struct Bound {
    sockaddr_storage address{};
    socklen_t size = sizeof(sockaddr_storage);
};

// "127.0.0.1:0" or "[::1]:8080": numbers only, nothing is resolved.
bool parse_address(const std::string& text, Bound& bound) {
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos) return false;
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), text.c_str() + colon + 1, &hints, &found) != 0) return false;
    std::memcpy(&bound.address, found->ai_addr, found->ai_addrlen);
    bound.size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

}  // namespace

tl::expected<std::unique_ptr<Server>, std::string> Server::open(
    const Settings& settings, Loop& loop
) {
    Bound bound;
    if (!parse_address(settings.listen, bound)) {
        return tl::unexpected<std::string>("--listen " + settings.listen + ": not ADDRESS:PORT");
    }
    const auto* const address = reinterpret_cast<const sockaddr*>(&bound.address);
    const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    const bool listening = fd >= 0 &&
                           setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                           bind(fd, address, bound.size) == 0 && listen(fd, SOMAXCONN) == 0;
    if (!listening) {
        const std::string why = std::strerror(errno);
        if (fd >= 0) close(fd);
        return tl::unexpected<std::string>("--listen " + settings.listen + ": " + why);
    }
    std::unique_ptr<Server> server(new Server(fd, settings, loop));
    if (!loop.watch(fd, *server)) return tl::unexpected<std::string>(std::strerror(errno));
    return server;
}

Server::Server(int fd, const Settings& settings, Loop& loop)
    : fd_(fd), loop_(loop), service_(settings, loop) {}

Server::~Server() {
    connections_.clear();  // they point at the service
    close(fd_);
}

std::string Server::address() const {
    Bound bound;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    auto* const address = reinterpret_cast<sockaddr*>(&bound.address);
    getsockname(fd_, address, &bound.size);
    getnameinfo(
        address, bound.size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV
    );
    const bool v6 = address->sa_family == AF_INET6;
    return (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + port;
}

void Server::on_ready(uint32_t /*events*/) {
    for (;;) {
        const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
        if (fd < 0) return;
        if (connections_.size() >= kConnections) {
            close(fd);
            continue;
        }
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        auto connection = std::make_unique<Connection>(fd, loop_, service_, *this);
        if (!loop_.watch(fd, *connection)) continue;
        ++service_.metrics().connections;
        connections_.emplace(connection.get(), std::move(connection));
    }
}

void Server::closed(Connection& connection) {
    const auto found = connections_.find(&connection);
    loop_.bury(std::move(found->second));
    connections_.erase(found);
}

}  // namespace sluice::modelsim
