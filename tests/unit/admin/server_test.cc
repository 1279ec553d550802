// The admin server over a real unix socket, driven step by step as the controller's loop does.
#include "controller/admin/server.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "table/limits.h"
#include "tests/unit/new_folder.h"

namespace sluice::admin {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

class Client {
public:
    explicit Client(const std::string& path)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    bool connected() const { return connected_; }
    bool ended() const { return ended_; }
    const std::string& got() const { return got_; }
    void send(std::string_view bytes) {
        ASSERT_EQ(
            ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size())
        );
    }
    void read() {
        char bytes[16384];
        for (;;) {
            const ssize_t n = ::recv(fd_, bytes, sizeof bytes, 0);
            if (n == 0 || (n < 0 && errno != EAGAIN)) ended_ = true;
            if (n <= 0) return;
            got_.append(bytes, static_cast<size_t>(n));
        }
    }

private:
    int fd_;
    bool connected_ = false;
    bool ended_ = false;
    std::string got_;
};

class AdminServer : public testing::Test {
protected:
    void SetUp() override {
        folder_ = new_folder();
        path_ = folder_ + "/admin.sock";
        start();
    }
    void TearDown() override {
        server_.reset();
        std::filesystem::remove_all(folder_);
    }
    void start() {
        auto server = Server::listen(path_, [this](const Request& request) {
            ++handled_;
            return Response{.status = request.path == "/a" ? 200u : 404u, .body = body_};
        });
        ASSERT_TRUE(server) << server.error();
        server_ = std::move(*server);
    }
    // What the client has got when the server ended the answer; bounded by turns, not by time.
    std::string ask(std::string_view bytes) {
        Client client(path_);
        client.send(bytes);
        for (int turn = 0; turn < 1000 && !client.ended(); ++turn) {
            server_->step(now_);
            client.read();
        }
        EXPECT_TRUE(client.ended());
        return client.got();
    }
    size_t watched() const {
        std::vector<pollfd> wanted;
        server_->watch(wanted);
        return wanted.size();
    }

    std::string folder_;
    std::string path_;
    std::string body_ = "hello\n";
    int handled_ = 0;
    int64_t now_ = 1'000 * kNsPerMs;
    std::unique_ptr<Server> server_;
};

TEST_F(AdminServer, get) {
    const std::string answer = ask("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("content-length: 6\r\n"), std::string::npos);
    EXPECT_NE(answer.find("connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello\n"));
    EXPECT_TRUE(ask("GET /b HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 Not Found\r\n"));
}

TEST_F(AdminServer, head_has_the_length_and_no_body) {
    const std::string answer = ask("HEAD /a HTTP/1.1\r\n\r\n");
    EXPECT_NE(answer.find("content-length: 6\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(AdminServer, other_methods_and_garbage_never_reach_the_handler) {
    const std::string refused = ask("POST /a HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 405 ")) << refused;
    EXPECT_NE(refused.find("allow: GET, HEAD\r\n"), std::string::npos);
    EXPECT_TRUE(ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    const std::string large = "GET /" + std::string(limits::kAdminRequestBytes, 'x');
    EXPECT_TRUE(ask(large).starts_with("HTTP/1.1 431 "));
    EXPECT_EQ(handled_, 0);
}

TEST_F(AdminServer, a_large_answer_waits_for_a_slow_reader) {
    body_ = std::string(4'000'000, 'z');
    const std::string answer = ask("GET /a HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(answer.ends_with(body_));
}

TEST_F(AdminServer, only_our_user_may_open_the_socket) {
    struct stat found{};
    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(AdminServer, a_silent_client_is_ended_by_its_deadline) {
    EXPECT_FALSE(server_->due());
    Client client(path_);
    server_->step(now_);
    ASSERT_EQ(server_->due(), now_ + limits::kAdminConnectionMs * kNsPerMs);
    server_->step(*server_->due() - 1);
    client.read();
    EXPECT_FALSE(client.ended());
    server_->step(now_ + limits::kAdminConnectionMs * kNsPerMs);
    client.read();
    EXPECT_TRUE(client.ended());
    EXPECT_FALSE(server_->due());
}

TEST_F(AdminServer, connections_up_to_the_limit_and_one_more) {
    std::vector<std::unique_ptr<Client>> clients;
    for (size_t i = 0; i < limits::kAdminConnections; ++i) {
        clients.push_back(std::make_unique<Client>(path_));
        server_->step(now_);
        ASSERT_EQ(watched(), i + 2 - (i + 1 == limits::kAdminConnections)) << i;
    }
    Client waits(path_);
    waits.send("GET /a HTTP/1.1\r\n\r\n");
    server_->step(now_);
    waits.read();
    EXPECT_TRUE(waits.connected());
    EXPECT_EQ(waits.got(), "");  // in the listen queue
    clients.pop_back();
    for (int turn = 0; turn < 10; ++turn) server_->step(now_);
    waits.read();
    EXPECT_TRUE(waits.got().starts_with("HTTP/1.1 200 "));
}

TEST_F(AdminServer, a_stale_socket_file_is_replaced) {
    server_.reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
    // What a killed process leaves behind: a bound file without a listener.
    const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(dead);
    ASSERT_TRUE(std::filesystem::exists(path_));
    start();
    EXPECT_TRUE(ask("GET /a HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(AdminServer, what_is_not_ours_is_left_alone) {
    const Handler none = [](const Request&) { return Response{}; };
    const auto served = Server::listen(path_, none);
    ASSERT_FALSE(served);
    EXPECT_NE(served.error().find("another process"), std::string::npos) << served.error();

    const std::string file = folder_ + "/file";
    ::close(::open(file.c_str(), O_CREAT | O_WRONLY, 0600));
    EXPECT_FALSE(Server::listen(file, none));
    EXPECT_TRUE(std::filesystem::exists(file));

    EXPECT_FALSE(Server::listen("", none));
    EXPECT_FALSE(Server::listen(folder_ + "/" + std::string(108, 'x'), none));
    EXPECT_FALSE(Server::listen(folder_ + "/absent/admin.sock", none));
}

}  // namespace
}  // namespace sluice::admin
