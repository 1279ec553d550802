// The client of the admin socket meets answers, nonsense and silence.
#include "sluicectl/ready.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/new_folder.h"

namespace sluice::ctl {
namespace {

// Answers one connection with fixed bytes once it has sent something.
class OneAnswer {
public:
    explicit OneAnswer(std::string bytes) : listener_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        folder_ = new_folder();
        path_ = folder_ + "/admin.sock";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 1), 0);
        thread_ = std::thread([this, answer = std::move(bytes)] {
            const int fd = ::accept(listener_, nullptr, nullptr);
            char asked[1024];
            const ssize_t got = ::recv(fd, asked, sizeof asked, 0);
            if (got > 0) asked_.assign(asked, static_cast<size_t>(got));
            ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
            ::close(fd);
        });
    }
    ~OneAnswer() {
        thread_.join();
        ::close(listener_);
        std::filesystem::remove_all(folder_);
    }
    OneAnswer(const OneAnswer&) = delete;
    OneAnswer& operator=(const OneAnswer&) = delete;
    const std::string& path() const { return path_; }
    const std::string& asked() const { return asked_; }

private:
    int listener_;
    std::string folder_;
    std::string path_;
    std::string asked_;
    std::thread thread_;
};

TEST(AdminStatus, reads_the_status) {
    OneAnswer ready("HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_EQ(admin_status(ready.path(), "/readyz"), 200);
    OneAnswer not_yet("HTTP/1.1 503 Service Unavailable\r\n\r\n");
    EXPECT_EQ(admin_status(not_yet.path(), "/readyz"), 503);
}

TEST(AdminStatus, nonsense_and_silence_are_no_status) {
    OneAnswer nonsense("SSH-2.0\r\n");
    EXPECT_EQ(admin_status(nonsense.path(), "/readyz"), 0);
    OneAnswer nothing("");
    EXPECT_EQ(admin_status(nothing.path(), "/readyz"), 0);
}

TEST(AdminStatus, nobody_there) {
    EXPECT_EQ(admin_status("/nowhere/admin.sock", "/readyz"), 0);
    EXPECT_EQ(admin_status(std::string(200, 'x'), "/readyz"), 0);
}

}  // namespace
}  // namespace sluice::ctl
