// Addresses of the command line, and ports that are taken.
#include "sluicectl/address.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::ctl {
namespace {

TEST(Address, reads_and_writes) {
    EXPECT_EQ(parse_address("127.0.0.1:8080"), (Address{"127.0.0.1", 8080}));
    EXPECT_EQ(parse_address("[::1]:0"), (Address{"::1", 0}));
    EXPECT_EQ(parse_address("0.0.0.0:65535"), (Address{"0.0.0.0", 65535}));
    for (const char* text : {"127.0.0.1:8080", "[::1]:0", "[::]:443"}) {
        EXPECT_EQ(to_string(parse_address(text).value()), text);
    }
}

TEST(Address, refuses_what_is_none) {
    for (const char* text :
         {"",
          ":",
          ":80",
          "80",
          "127.0.0.1",
          "127.0.0.1:",
          "127.0.0.1:65536",
          "127.0.0.1:-1",
          "127.0.0.1:80 ",
          "127.0.0.1:0x50",
          "localhost:80",
          "::1:80",
          "[::1]",
          "[127.0.0.1]:80",
          "[]:80",
          "256.0.0.1:80"}) {
        EXPECT_FALSE(parse_address(text)) << text;
    }
}

// A listener on a port that the kernel chose, shared or not.
class Listener {
public:
    explicit Listener(bool shared) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const int yes = 1;
        if (shared) ::setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
        EXPECT_EQ(::listen(fd_, 1), 0);
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { ::close(fd_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    uint16_t port() const { return port_; }

private:
    int fd_;
    uint16_t port_ = 0;
};

TEST(Address, a_taken_port_is_an_obstacle) {
    for (const bool shared : {false, true}) {
        uint16_t port = 0;
        {
            const Listener listener(shared);
            port = listener.port();
            EXPECT_EQ(listen_obstacle({"127.0.0.1", port}), "in use") << shared;
        }
        EXPECT_EQ(listen_obstacle({"127.0.0.1", port}), "") << shared;
    }
}

TEST(Address, other_obstacles) {
    EXPECT_EQ(listen_obstacle({"127.0.0.1", 0}), "");
    EXPECT_EQ(listen_obstacle({"nowhere", 1}), "not a numeric address");
    EXPECT_NE(listen_obstacle({"192.0.2.1", 0}), "");  // not an address of this machine
}

}  // namespace
}  // namespace sluice::ctl
