// Addresses to sockets: what is understood, what is refused, and who shares a port.
#include "proxy/listen/listeners.h"

#include <gtest/gtest.h>
#include <set>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "table/limits.h"

namespace sluice::listen {
namespace {

int option(int socket, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(socket, level, name, &value, &size), 0);
    return value;
}

Wanted at(const std::string& address) {
    return {"--listen", address};
}

std::string error_of(const std::string& address) {
    const auto listeners = bind_all({at(address)}, 1);
    return listeners ? "bound" : listeners.error();
}

TEST(Listeners, OneSetPerWorkerOnOnePort) {
    const auto listeners = bind_all({at("127.0.0.1:0"), at("127.0.0.1:0")}, 3);
    ASSERT_TRUE(listeners) << listeners.error();
    ASSERT_EQ(listeners->sockets.size(), 3U);
    ASSERT_EQ(listeners->addresses.size(), 2U);
    EXPECT_NE(listeners->addresses[0], listeners->addresses[1]);
    std::set<int> ports;
    for (const auto& sockets : listeners->sockets) {
        ASSERT_EQ(sockets.size(), 2U);
        sockaddr_in address{};
        socklen_t size = sizeof address;
        ::getsockname(sockets[0].get(), reinterpret_cast<sockaddr*>(&address), &size);
        ports.insert(ntohs(address.sin_port));
    }
    EXPECT_EQ(ports.size(), 1U);
    EXPECT_EQ(listeners->addresses[0], "127.0.0.1:" + std::to_string(*ports.begin()));
}

TEST(Listeners, AreSetUpForTheirWorkers) {
    const auto listeners = bind_all({at("127.0.0.1:0")}, 1);
    ASSERT_TRUE(listeners) << listeners.error();
    const int socket = listeners->sockets[0][0].get();
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_REUSEPORT), 1);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_REUSEADDR), 1);
    EXPECT_NE(::fcntl(socket, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(socket, F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Listeners, Ipv6StandsInBracketsAndBesideIpv4) {
    bool beside = false;
    // Another program may have the same port on IPv4 by chance, but not each time.
    for (int i = 0; i < 20 && !beside; ++i) {
        const auto v6 = bind_all({at("[::]:0")}, 1);
        // A kernel can be without IPv6. Where CI runs it has it, and a skip counts as a failure
        // there.
        if (!v6) GTEST_SKIP() << "no IPv6 on this machine: " << v6.error();
        EXPECT_EQ(v6->addresses[0].substr(0, 5), "[::]:");
        EXPECT_EQ(option(v6->sockets[0][0].get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
        beside = bind_all({at("0.0.0.0:" + v6->addresses[0].substr(5))}, 1).has_value();
    }
    EXPECT_TRUE(beside) << "one port, two families";
}

TEST(Listeners, AnotherProgramsPortIsRefused) {
    const auto first = bind_all({at("127.0.0.1:0")}, 2);
    ASSERT_TRUE(first);
    EXPECT_EQ(
        error_of(first->addresses[0]),
        "--listen " + first->addresses[0] + ": already in use; choose another port"
    );
}

TEST(Listeners, APortIsFreeAgainOnceItsSocketsAreClosed) {
    std::string address;
    {
        const auto first = bind_all({at("127.0.0.1:0")}, 2);
        ASSERT_TRUE(first);
        address = first->addresses[0];
    }
    EXPECT_EQ(error_of(address), "bound");
}

TEST(Listeners, SayWhatIsWrongWithAnAddress) {
    const struct {
        const char* address;
        const char* why;
    } cases[] = {
        {"", "write ADDRESS:PORT"},
        {"127.0.0.1", "write ADDRESS:PORT"},
        {"127.0.0.1:", "the port is a number from 0 to 65535"},
        {"127.0.0.1:http", "the port is a number from 0 to 65535"},
        {"127.0.0.1:80x", "the port is a number from 0 to 65535"},
        {"127.0.0.1:-1", "the port is a number from 0 to 65535"},
        {"127.0.0.1:65536", "the port is a number from 0 to 65535"},
        {"127.0.0.1: 80", "the port is a number from 0 to 65535"},
        {":8080", "write an IPv4 address, or an IPv6 address in brackets"},
        {"localhost:8080", "write an IPv4 address, or an IPv6 address in brackets"},
        {"::1:8080", "write an IPv4 address, or an IPv6 address in brackets"},
        {"127.1:8080", "write an IPv4 address, or an IPv6 address in brackets"},
        {"[127.0.0.1]:8080", "no IPv6 address stands between the brackets"},
        {"[::g]:8080", "no IPv6 address stands between the brackets"},
        {"[]:8080", "write an IPv4 address, or an IPv6 address in brackets"},
    };
    for (const auto& each : cases) {
        EXPECT_EQ(
            error_of(each.address), std::string("--listen ") + each.address + ": " + each.why
        );
    }
}

TEST(Listeners, AnAddressThatIsNotOursNamesTheCall) {
    // 192.0.2.0/24 is for documentation: no machine has it.
    EXPECT_NE(error_of("192.0.2.1:0").find("bind: Cannot assign"), std::string::npos);
}

TEST(Listeners, AddressesHaveALimit) {
    std::vector<Wanted> addresses(limits::kListeners, at("127.0.0.1:0"));
    EXPECT_TRUE(bind_all(addresses, 1));
    addresses.push_back({"--listen-proxy", "127.0.0.1:0"});
    const auto more = bind_all(addresses, 1);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error(), "--listen-proxy 127.0.0.1:0: at most 16 addresses are served");
}

TEST(Listeners, WorkersHaveALimit) {
    EXPECT_TRUE(bind_all({at("127.0.0.1:0")}, limits::kWorkers));
    EXPECT_EQ(
        bind_all({at("127.0.0.1:0")}, limits::kWorkers + 1).error(), "--workers 65: use 1 to 64"
    );
    EXPECT_EQ(bind_all({at("127.0.0.1:0")}, 0).error(), "--workers 0: use 1 to 64");
}

TEST(Listeners, MoreThanOpenFilesAllowIsSaidAtOnce) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit few{256, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const std::vector<Wanted> addresses(4, at("127.0.0.1:0"));
    EXPECT_TRUE(bind_all(addresses, 24));
    const auto more = bind_all(addresses, 25);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(more);
    EXPECT_EQ(
        more.error(),
        "4 addresses for 25 workers need 264 open files, 256 are allowed: raise the limit "
        "(ulimit -n) or use fewer --workers"
    );
}

TEST(One, IsBoundAloneUnderItsOwnFlag) {
    const auto first = bind_one({"--admin", "127.0.0.1:0"});
    ASSERT_TRUE(first) << first.error();
    EXPECT_EQ(option(first->socket.get(), SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(option(first->socket.get(), SOL_SOCKET, SO_REUSEPORT), 0);
    const auto second = bind_one({"--admin", first->address});
    ASSERT_FALSE(second);
    EXPECT_EQ(
        second.error(), "--admin " + first->address + ": already in use; choose another port"
    );
}

TEST(Check, ReadsTheTextAlone) {
    const auto taken = bind_one(at("127.0.0.1:0"));
    ASSERT_TRUE(taken);
    EXPECT_TRUE(check(at(taken->address))) << "bound or not";
    const auto wrong = check({"--admin", "9100"});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error(), "--admin 9100: write ADDRESS:PORT");
}

}  // namespace
}  // namespace sluice::listen
