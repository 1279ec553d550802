// The admin server over real sockets, in its real thread: pages, who may see what, limits.
#include "proxy/steward/admin.h"

#include <arpa/inet.h>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <poll.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "table/limits.h"
#include "tests/unit/new_folder.h"
#include "tests/unit/steward/pod.h"

namespace sluice::steward {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPatienceMs = 20'000;

class Client {
public:
    explicit Client(const sockaddr* address, socklen_t size)
        : fd_(::socket(address->sa_family, SOCK_STREAM, 0)) {
        EXPECT_EQ(::connect(fd_, address, size), 0);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(std::string_view bytes) {
        EXPECT_EQ(
            ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size())
        );
    }
    // Reads until `enough` stands in what came, or the end. Returns all of it.
    const std::string& read(const std::string& enough) {
        while (got_.find(enough) == std::string::npos && read_some(kPatienceMs)) {
        }
        return got_;
    }
    // Until the peer closes.
    const std::string& read_all() {
        while (read_some(kPatienceMs)) {
        }
        EXPECT_TRUE(ended_);
        return got_;
    }
    bool has_answer(int patience_ms) {
        pollfd readable{fd_, POLLIN, 0};
        return ::poll(&readable, 1, patience_ms) == 1;
    }
    void forget() { got_.clear(); }

private:
    bool read_some(int patience_ms) {
        if (!has_answer(patience_ms)) {
            ADD_FAILURE() << "nothing came after: " << got_.substr(0, 200);
            return false;
        }
        char bytes[65536];
        const ssize_t size = ::recv(fd_, bytes, sizeof bytes, 0);
        ended_ = size <= 0;
        if (size > 0) got_.append(bytes, static_cast<size_t>(size));
        return size > 0;
    }

    int fd_;
    bool ended_ = false;
    std::string got_;
};

struct AdminTest : testing::Test {
    AdminTest() {
        directory = new_folder();
        tcp.sin_family = AF_INET;
        tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        listener = listen(reinterpret_cast<sockaddr*>(&tcp), sizeof tcp);
        socklen_t size = sizeof tcp;
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&tcp), &size);
        local.sun_family = AF_UNIX;
        (directory + "/socket").copy(local.sun_path, sizeof local.sun_path - 1);
        socket = listen(reinterpret_cast<sockaddr*>(&local), sizeof local);
        pod.run(routes_bytes(routes_with({})), endpoints_bytes(8'000));
        pod.mapping.worker(0).running.store(1);
        start("");
    }
    ~AdminTest() override {
        admin.reset();
        ::close(listener);
        ::close(socket);
        std::filesystem::remove_all(directory);
    }

    static int listen(const sockaddr* address, socklen_t size) {
        const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        EXPECT_EQ(::bind(fd, address, size), 0);
        EXPECT_EQ(::listen(fd, 128), 0);
        return fd;
    }
    void start(const std::string& token_file) {
        admin.reset();
        const AdminSettings settings{{listener}, socket, token_file};
        admin = std::make_unique<Admin>(settings, pod.build, pod.mapping, pod.current, pod.log);
    }
    std::unique_ptr<Client> over_tcp() const {
        return std::make_unique<Client>(reinterpret_cast<const sockaddr*>(&tcp), sizeof tcp);
    }
    std::unique_ptr<Client> over_socket() const {
        return std::make_unique<Client>(reinterpret_cast<const sockaddr*>(&local), sizeof local);
    }
    // One request on a connection of its own; the whole answer.
    static std::string ask(
        std::unique_ptr<Client> client,
        const std::string& target,
        const std::string& fields = "",
        const std::string& method = "GET"
    ) {
        client->send(
            method + " " + target + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + fields +
            "\r\n"
        );
        return client->read_all();
    }
    static std::string status(const std::string& answer) { return answer.substr(9, 3); }
    std::string write_token(const std::string& text) const {
        const std::string path = directory + "/token";
        std::ofstream(path) << text;
        return path;
    }

    std::string directory;
    sockaddr_in tcp{};
    sockaddr_un local{};
    int listener = -1;
    int socket = -1;
    test::Pod pod;
    std::unique_ptr<Admin> admin;
};

TEST_F(AdminTest, OpenPagesOverBothWays) {
    for (const char* page : {"/livez", "/readyz", "/readyz?verbose", "/metrics", "/snapshot"}) {
        EXPECT_EQ(status(ask(over_tcp(), page)), "200") << page;
        EXPECT_EQ(status(ask(over_socket(), page)), "200") << page;
    }
    EXPECT_NE(ask(over_tcp(), "/readyz?verbose").find("[+]table ok"), std::string::npos);
    EXPECT_NE(ask(over_tcp(), "/metrics").find("sluice_build_info"), std::string::npos);
}

TEST_F(AdminTest, ReadinessFollowsThePod) {
    pod.mapping.pod().draining.store(1);
    EXPECT_EQ(status(ask(over_tcp(), "/readyz")), "503");
    EXPECT_EQ(status(ask(over_tcp(), "/livez")), "200");
}

TEST_F(AdminTest, UnknownPagesAndMethodsNameTheRemedy) {
    const std::string page = ask(over_tcp(), "/config");
    EXPECT_EQ(status(page), "404");
    EXPECT_NE(page.find(R"({"error":{"code":"no_page","message":"the pages are)"), page.npos);
    const std::string method = ask(over_tcp(), "/livez", "", "DELETE");
    EXPECT_EQ(status(method), "405");
    EXPECT_NE(method.find("allow: GET, HEAD"), std::string::npos);
    EXPECT_EQ(status(ask(over_tcp(), "/livez", "content-length: 5\r\n")), "413");
}

TEST_F(AdminTest, HeadHasNoBody) {
    for (const char* page : {"/livez", "/metrics"}) {
        const std::string answer = ask(over_tcp(), page, "", "HEAD");
        EXPECT_EQ(status(answer), "200");
        EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
    }
}

TEST_F(AdminTest, AConnectionServesManyRequests) {
    const auto client = over_tcp();
    for (int i = 0; i < 50; ++i) {
        client->send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
        EXPECT_EQ(status(client->read("ok\n")), "200");
        client->forget();
    }
    client->send("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    EXPECT_NE(client->read("\r\n0\r\n\r\n").find("transfer-encoding: chunked"), std::string::npos);
}

TEST_F(AdminTest, AnOldClientGetsItUnchunked) {
    const auto client = over_tcp();
    client->send("GET /metrics HTTP/1.0\r\n\r\n");
    const std::string& page = client->read_all();
    EXPECT_EQ(page.find("chunked"), std::string::npos);
    EXPECT_TRUE(page.ends_with("sluice_access_log_lost_exchanges_dropped_total 0\n"))
        << page.substr(page.size() - 99);
}

// --- who may see

TEST_F(AdminTest, WithoutATokenExplainIsTheSocketsAlone) {
    EXPECT_EQ(status(ask(over_socket(), "/explain?host=example.com")), "200");
    const std::string refused = ask(over_tcp(), "/explain?host=example.com");
    EXPECT_EQ(status(refused), "403");
    EXPECT_NE(refused.find("--admin-socket or --admin-token-file"), std::string::npos);
    EXPECT_EQ(refused.find("llama"), std::string::npos);
}

TEST_F(AdminTest, TheTokenIsReadAtEachRequest) {
    start(write_token(" old-secret\n"));
    const auto with = [&](const std::string& field) {
        return status(ask(over_tcp(), "/explain?host=example.com", field));
    };
    EXPECT_EQ(with("authorization: Bearer old-secret\r\n"), "200");
    EXPECT_EQ(with("authorization: bearer old-secret\r\n"), "200");
    EXPECT_EQ(with("authorization: Bearer old-secreT\r\n"), "401");
    EXPECT_EQ(with("authorization: Bearer old-secret2\r\n"), "401");
    EXPECT_EQ(with("authorization: Basic old-secret\r\n"), "401");
    EXPECT_EQ(with(""), "401");
    write_token("new-secret");
    EXPECT_EQ(with("authorization: Bearer old-secret\r\n"), "401");
    EXPECT_EQ(with("authorization: Bearer new-secret\r\n"), "200");
}

TEST_F(AdminTest, AnEmptyOrMissingTokenLetsNobodyIn) {
    start(write_token(" \n"));
    EXPECT_EQ(status(ask(over_tcp(), "/explain", "authorization: Bearer \r\n")), "503");
    start(directory + "/nowhere");
    EXPECT_EQ(status(ask(over_tcp(), "/explain", "authorization: Bearer x\r\n")), "503");
    EXPECT_EQ(status(ask(over_socket(), "/explain?host=example.com")), "200");
}

// --- limits

TEST_F(AdminTest, HeadBytes) {
    const auto head_of = [](size_t bytes) {
        std::string head = "GET /livez HTTP/1.1\r\nconnection: close\r\nx: ";
        head.append(bytes - head.size() - 4, 'a');
        return head + "\r\n\r\n";
    };
    auto client = over_tcp();
    client->send(head_of(limits::kAdminRequestBytes));
    EXPECT_EQ(status(client->read_all()), "200");
    client = over_tcp();
    client->send(head_of(limits::kAdminRequestBytes + 1));
    const std::string& refused = client->read_all();
    EXPECT_EQ(status(refused), "431");
    EXPECT_NE(refused.find("head_too_large"), std::string::npos);
}

TEST_F(AdminTest, GarbageIsRefusedAndTheNextClientServed) {
    auto client = over_tcp();
    client->send("\x16\x03\x01 this is TLS\r\n\r\n");
    EXPECT_EQ(status(client->read_all()), "400");
    EXPECT_EQ(status(ask(over_tcp(), "/livez")), "200");
}

TEST_F(AdminTest, OneConnectionMoreThanTheLimitWaits) {
    std::vector<std::unique_ptr<Client>> all;
    for (size_t i = 0; i < limits::kAdminConnections; ++i) {
        all.push_back(over_tcp());
        all.back()->send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
        all.back()->read("ok\n");
    }
    auto late = over_tcp();
    late->send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    EXPECT_FALSE(late->has_answer(300)) << "the limit is " << limits::kAdminConnections;
    EXPECT_EQ(status(ask(over_socket(), "/livez")), "200") << "each listener has its own";
    all.pop_back();
    EXPECT_EQ(status(late->read("ok\n")), "200");
}

TEST_F(AdminTest, ASlowClientIsCutAndStopsNobody) {
    const auto begun = Clock::now();
    const auto slow = over_tcp();
    slow->send("GET /livez HT");
    EXPECT_EQ(status(ask(over_tcp(), "/livez")), "200");
    EXPECT_EQ(slow->read_all(), "");
    const auto waited = Clock::now() - begun;
    EXPECT_GE(waited, std::chrono::milliseconds(limits::kAdminConnectionMs - 100));
    EXPECT_LT(waited, std::chrono::milliseconds(4 * limits::kAdminConnectionMs));
}

TEST_F(AdminTest, ItEndsWithConnectionsOpen) {
    const auto idle = over_tcp();
    idle->send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    idle->read("ok\n");
    const auto half = over_tcp();
    half->send("GET /met");
    const auto begun = Clock::now();
    admin.reset();
    EXPECT_LT(Clock::now() - begun, std::chrono::seconds(2));
    start("");  // as the next steward: on the same listeners
    EXPECT_EQ(status(ask(over_tcp(), "/livez")), "200");
}

}  // namespace
}  // namespace sluice::steward
