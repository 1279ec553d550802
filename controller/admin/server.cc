// Serves the admin socket: one request a connection, every connection with one deadline.
#include "controller/admin/server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/beast/http/status.hpp>

#include "table/limits.h"

namespace sluice::admin {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

tl::unexpected<std::string> failure(const std::string& path, const std::string& what) {
    return tl::unexpected<std::string>(path + ": " + what);
}

tl::unexpected<std::string> failure_of(const std::string& path, const char* call) {
    return failure(path, std::string(call) + ": " + std::strerror(errno));
}

// Whether somebody accepts at the address: then the file is not ours to replace.
bool is_served(const sockaddr_un& address) {
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return true;
    const auto* where = reinterpret_cast<const sockaddr*>(&address);
    const bool served = ::connect(probe, where, sizeof address) == 0;
    ::close(probe);
    return served;
}

std::string head_of(const Response& response) {
    const auto reason =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(response.status));
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason);
    head += "\r\ncontent-type: " + response.type;
    head += "\r\ncontent-length: " + std::to_string(response.body.size());
    head += "\r\ncache-control: no-store\r\nconnection: close\r\n";
    if (response.status == 405) head += "allow: GET, HEAD\r\n";
    return head + "\r\n";
}

}  // namespace

// draining: the answer is out and we wait for the peer to close, since closing first with its bytes
// unread would reset the connection under our answer.
struct Server::Connection {
    enum class State { reading, writing, draining };

    Connection(int socket, int64_t deadline_ns) : fd(socket), deadline(deadline_ns) {}
    ~Connection() { ::close(fd); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int fd;
    int64_t deadline;
    State state = State::reading;
    RequestReader reader;
    std::string out;
    size_t sent = 0;
};

tl::expected<std::unique_ptr<Server>, std::string> Server::listen(
    const std::string& path, Handler handler
) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return failure(path, "a unix socket's path has 1 to 107 bytes");
    }
    std::copy(path.begin(), path.end(), address.sun_path);
    struct stat found{};
    if (::lstat(path.c_str(), &found) == 0) {
        if (!S_ISSOCK(found.st_mode)) return failure(path, "exists and is no socket");
        if (is_served(address)) return failure(path, "another process serves this socket");
        ::unlink(path.c_str());
    }
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return failure_of(path, "socket");
    // The mode of the descriptor becomes the mode of the file at bind: there is no moment in
    // between.
    const bool listening = ::fchmod(fd, 0600) == 0 &&
                           ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                           ::listen(fd, SOMAXCONN) == 0;
    if (!listening) {
        auto error = failure_of(path, "listen");
        ::close(fd);
        return error;
    }
    return std::unique_ptr<Server>(new Server(path, fd, std::move(handler)));
}

Server::Server(std::string path, int listener, Handler handler)
    : path_(std::move(path)), listener_(listener), handler_(std::move(handler)) {}

Server::~Server() {
    ::close(listener_);
    ::unlink(path_.c_str());
}

void Server::watch(std::vector<pollfd>& wanted) const {
    if (connections_.size() < limits::kAdminConnections) wanted.push_back({listener_, POLLIN, 0});
    for (const auto& connection : connections_) {
        const bool writing = connection->state == Connection::State::writing;
        wanted.push_back({connection->fd, static_cast<short>(writing ? POLLOUT : POLLIN), 0});
    }
}

std::optional<int64_t> Server::due() const {
    std::optional<int64_t> first;
    for (const auto& connection : connections_) {
        if (!first || connection->deadline < *first) first = connection->deadline;
    }
    return first;
}

void Server::step(int64_t now) {
    accept_all(now);
    std::erase_if(connections_, [this, now](const auto& connection) {
        return now >= connection->deadline || !advance(*connection);
    });
}

void Server::accept_all(int64_t now) {
    while (connections_.size() < limits::kAdminConnections) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) return;
        const int64_t deadline = now + limits::kAdminConnectionMs * kNsPerMs;
        connections_.push_back(std::make_unique<Connection>(fd, deadline));
    }
}

bool Server::advance(Connection& connection) {
    if (connection.state == Connection::State::reading && !read_head(connection)) return false;
    while (connection.state == Connection::State::writing) {
        const std::string_view left = std::string_view(connection.out).substr(connection.sent);
        if (left.empty()) {
            ::shutdown(connection.fd, SHUT_WR);
            connection.state = Connection::State::draining;
            break;
        }
        const ssize_t sent = ::send(connection.fd, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR;
        connection.sent += static_cast<size_t>(sent);
    }
    if (connection.state != Connection::State::draining) return true;
    std::array<char, 4096> ignored;
    // One read a turn: a peer that never stops sending is ended by the deadline, not by us
    // spinning.
    const ssize_t got = ::recv(connection.fd, ignored.data(), ignored.size(), 0);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

bool Server::read_head(Connection& connection) {
    std::array<char, 4096> bytes;
    while (connection.state == Connection::State::reading) {
        const ssize_t got = ::recv(connection.fd, bytes.data(), bytes.size(), 0);
        if (got == 0) return false;
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        const auto state = connection.reader.feed({bytes.data(), static_cast<size_t>(got)});
        if (state != RequestReader::State::more) answer(connection, state);
    }
    return true;
}

void Server::answer(Connection& connection, RequestReader::State state) {
    Response response;
    bool head_only = false;
    if (state == RequestReader::State::too_large) {
        response = {.status = 431, .body = "the request head is too large\n"};
    } else if (state == RequestReader::State::malformed) {
        response = {.status = 400, .body = "not a request that this socket serves\n"};
    } else {
        const Request& request = connection.reader.request();
        head_only = request.method == "HEAD";
        response = request.method == "GET" || head_only
                       ? handler_(request)
                       : Response{.status = 405, .body = "only GET and HEAD are served\n"};
    }
    connection.out = head_of(response);
    if (!head_only) connection.out += response.body;
    connection.state = Connection::State::writing;
}

}  // namespace sluice::admin
