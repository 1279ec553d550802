// Lines to real syslog sockets: the machine's and UDP.
#include "proxy/steward/log_syslog.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <regex>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/files/directory.h"

namespace sluice::steward {
namespace {

using table::Descriptor;

std::unique_ptr<LogSink> open_sink(const std::string& flag) {
    const auto spec = parse_sink(flag);
    EXPECT_TRUE(spec) << flag;
    if (!spec) return nullptr;
    auto sink = make_sink(*spec);
    sink->open(0);
    return sink;
}

// A syslog server: the next datagram, "" when none is there.
class Server {
public:
    static Server at(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        return Server(reinterpret_cast<const sockaddr&>(address), sizeof address);
    }
    static Server udp4() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return Server(reinterpret_cast<const sockaddr&>(address), sizeof address);
    }
    static Server udp6() {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_addr = in6addr_loopback;
        return Server(reinterpret_cast<const sockaddr&>(address), sizeof address);
    }
    std::string port() const {
        sockaddr_in6 name{};  // the port stands at the same place in both
        socklen_t size = sizeof name;
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size);
        return std::to_string(ntohs(name.sin6_port));
    }
    std::string next() const {
        std::string datagram(65'536, '\0');
        const ssize_t size = ::recv(fd_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
        datagram.resize(size < 0 ? 0 : static_cast<size_t>(size));
        return datagram;
    }

private:
    Server(const sockaddr& address, socklen_t size)
        : fd_(::socket(address.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        EXPECT_EQ(::bind(fd_.get(), &address, size), 0);
    }
    Descriptor fd_;
};

class Syslog : public testing::Test {
protected:
    std::string path() const { return directory_.at("log"); }
    files::Directory directory_;
};

TEST_F(Syslog, OneDatagramALine) {
    const Server server = Server::at(path());
    const auto sink = open_sink("syslog:" + path());
    const Taken taken = sink->write("{\"a\":1}\n{}\n", 2, 0);
    EXPECT_EQ(server.next(), "<134>sluice-proxy: {\"a\":1}");
    EXPECT_EQ(server.next(), "<134>sluice-proxy: {}");
    EXPECT_EQ(taken.written, 2U);
    EXPECT_EQ(taken.refused, 0U);
    EXPECT_EQ(taken.bytes, 2 * 19U + 9U);
}

TEST_F(Syslog, AServerThatIsNotThereIsTriedAgainEachSecond) {
    const auto sink = open_sink("syslog:" + path());
    EXPECT_NE(sink->trouble().find("start a syslog server at " + path()), std::string::npos);
    EXPECT_EQ(sink->write("a\n", 1, 1).refused, 1U);
    const Server server = Server::at(path());
    EXPECT_EQ(sink->write("b\n", 1, kSinkRetryMs - 1).refused, 1U);
    EXPECT_EQ(sink->write("c\n", 1, kSinkRetryMs).written, 1U);
    EXPECT_EQ(server.next(), "<134>sluice-proxy: c");
    EXPECT_EQ(sink->trouble(), "");
}

TEST_F(Syslog, AServerThatWasRestartedGetsTheNextLine) {
    std::unique_ptr<LogSink> sink;
    {
        const Server server = Server::at(path());
        sink = open_sink("syslog:" + path());
        sink->write("a\n", 1, 0);
    }
    directory_.remove("log");
    EXPECT_EQ(sink->write("b\nc\n", 2, 1).refused, 2U);
    EXPECT_NE(sink->trouble(), "");
    const Server server = Server::at(path());
    EXPECT_EQ(sink->write("d\n", 1, kSinkRetryMs).written, 1U);
    EXPECT_EQ(server.next(), "<134>sluice-proxy: d");
}

TEST_F(Syslog, ARestartBetweenTwoLinesLosesNone) {
    std::unique_ptr<LogSink> sink;
    {
        const Server server = Server::at(path());
        sink = open_sink("syslog:" + path());
    }
    directory_.remove("log");
    const Server server = Server::at(path());
    EXPECT_EQ(sink->write("a\n", 1, kSinkRetryMs).written, 1U);
    EXPECT_EQ(server.next(), "<134>sluice-proxy: a");
}

TEST_F(Syslog, UdpHasTheHeaderOfRfc5424) {
    const std::regex expected(
        R"(<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ sluice-proxy \d+ access - \{"a":1\})"
    );
    const Server v4 = Server::udp4();
    EXPECT_EQ(
        open_sink("syslog:udp:127.0.0.1:" + v4.port())->write("{\"a\":1}\n", 1, 0).written, 1U
    );
    std::string datagram = v4.next();
    EXPECT_TRUE(std::regex_match(datagram, expected)) << datagram;

    const Server v6 = Server::udp6();
    EXPECT_EQ(open_sink("syslog:udp:[::1]:" + v6.port())->write("{\"a\":1}\n", 1, 0).written, 1U);
    datagram = v6.next();
    EXPECT_TRUE(std::regex_match(datagram, expected)) << datagram;
}

TEST_F(Syslog, ALineThatNoDatagramHoldsIsRefusedAlone) {
    const Server server = Server::udp4();
    const auto sink = open_sink("syslog:udp:127.0.0.1:" + server.port());
    const Taken taken = sink->write(std::string(65'536, 'x') + "\nb\n", 2, 0);
    EXPECT_EQ(taken.written, 1U);
    EXPECT_EQ(taken.refused, 1U);
    EXPECT_TRUE(server.next().ends_with(" access - b"));
}

TEST_F(Syslog, NobodyAtTheUdpPortIsNoticed) {
    std::string port;
    {
        const Server server = Server::udp4();
        port = server.port();
    }
    const auto sink = open_sink("syslog:udp:127.0.0.1:" + port);
    // The kernel says of a datagram that nobody took when the next one is sent.
    const Taken taken = sink->write("a\nb\nc\nd\n", 4, 0);
    EXPECT_GE(taken.refused, 2U);
    EXPECT_EQ(taken.written + taken.refused, 4U);
    EXPECT_NE(sink->trouble(), "");
}

}  // namespace
}  // namespace sluice::steward
