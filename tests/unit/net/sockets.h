// Connected TCP pairs on loopback for tests of sockets, streams and exchanges.
#pragma once

#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/net/address.h"

namespace sluice::net::testing {

inline sockaddr_in loopback(uint16_t port) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return name;
}

// A blocking listener on a port from the kernel.
class Acceptor {
public:
    Acceptor() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in name = loopback(0);
        socklen_t length = sizeof name;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&name), length), 0);
        EXPECT_EQ(::listen(fd_, 64), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &length), 0);
        port_ = ntohs(name.sin_port);
    }
    ~Acceptor() { close(); }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int accept() const { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }
    uint16_t port() const { return port_; }
    int fd() const { return fd_; }
    Address address() const {
        return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, port_};
    }

private:
    int fd_;
    uint16_t port_ = 0;
};

// The plain, blocking end that a test plays by hand.
class Plain {
public:
    explicit Plain(int fd) : fd_(fd) {}
    Plain(const Plain&) = delete;
    Plain& operator=(const Plain&) = delete;
    ~Plain() { close(); }

    void send(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            ASSERT_GT(sent, 0) << std::strerror(errno);
            text.remove_prefix(static_cast<size_t>(sent));
        }
    }
    // What is there within a bounded time; "" at end of file or when nothing came.
    std::string receive(int timeout_ms = 2000) const {
        pollfd wait{fd_, POLLIN, 0};
        if (::poll(&wait, 1, timeout_ms) <= 0) return {};
        std::array<char, 65536> bytes;
        const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
        return got > 0 ? std::string(bytes.data(), static_cast<size_t>(got)) : std::string();
    }
    bool at_end(int timeout_ms = 2000) const {
        pollfd wait{fd_, POLLIN, 0};
        if (::poll(&wait, 1, timeout_ms) <= 0) return false;
        char byte = 0;
        return ::recv(fd_, &byte, 1, MSG_PEEK) <= 0;
    }
    void shut() const { ::shutdown(fd_, SHUT_WR); }
    void reset() {
        const linger now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int fd() const { return fd_; }

private:
    int fd_;
};

// A client end connected to `acceptor`, blocking.
inline int connect_to(const Acceptor& acceptor) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name = loopback(acceptor.port());
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

}  // namespace sluice::net::testing
