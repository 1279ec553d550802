// Who may listen and connect: file modes, stale sockets, users.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "table/channel.h"
#include "tests/unit/new_folder.h"

namespace sluice::table {
namespace {

constexpr uid_t kNobody = 65534;

class Socket : public testing::Test {
protected:
    void SetUp() override {
        folder_ = new_folder();
        path_ = folder_ + "/control";
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    mode_t mode() const {
        struct stat status{};
        EXPECT_EQ(::stat(path_.c_str(), &status), 0);
        return status.st_mode & 07777;
    }

    std::string folder_;
    std::string path_;
};

// In a child of another user: the exit code of `body`.
template <typename Body>
int as_nobody(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(100);
        ::_exit(body());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Socket, CarriesAMessage) {
    const auto listener = listen_at(path_);
    ASSERT_TRUE(listener) << listener.error().message;
    const auto client = connect_to(path_);
    ASSERT_TRUE(client) << client.error().message;
    const auto server = accept_from(listener->get());
    ASSERT_TRUE(server) << server.error().message;
    ASSERT_TRUE(*server);
    ASSERT_TRUE(send(server->get(), hello("b", 4, {})));
    EXPECT_EQ(receive(client->get())->message.generation, 4U);
    EXPECT_TRUE(receive(client->get())->again) << "the connection must not block";
    EXPECT_TRUE(receive(server->get())->again);
}

TEST_F(Socket, NobodyWaiting) {
    const auto listener = listen_at(path_);
    ASSERT_TRUE(listener);
    const auto server = accept_from(listener->get());
    ASSERT_TRUE(server);
    EXPECT_FALSE(*server);
}

TEST_F(Socket, IsForItsUserOnlyWhateverTheUmask) {
    for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{077}}) {
        const mode_t before = ::umask(mask);
        const auto listener = listen_at(path_);
        ::umask(before);
        ASSERT_TRUE(listener) << listener.error().message;
        EXPECT_EQ(mode(), mode_t{0600}) << mask;
    }
}

TEST_F(Socket, ReplacesAStaleOne) {
    {
        ASSERT_TRUE(listen_at(path_));
    }
    ASSERT_TRUE(std::filesystem::exists(path_));
    ASSERT_FALSE(connect_to(path_));
    const auto listener = listen_at(path_);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_TRUE(connect_to(path_));
}

TEST_F(Socket, LeavesALiveOneAlone) {
    const auto listener = listen_at(path_);
    ASSERT_TRUE(listener);
    const auto second = listen_at(path_);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("another process listens"), std::string::npos);
    EXPECT_TRUE(connect_to(path_));
}

TEST_F(Socket, LeavesAFileAlone) {
    std::ofstream(path_) << "precious";
    const auto listener = listen_at(path_);
    ASSERT_FALSE(listener);
    EXPECT_NE(listener.error().message.find("no socket"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(Socket, DoesNotFollowALink) {
    std::ofstream(folder_ + "/target") << "precious";
    std::filesystem::create_symlink(folder_ + "/target", path_);
    EXPECT_FALSE(listen_at(path_));
    EXPECT_TRUE(std::filesystem::exists(folder_ + "/target"));
}

TEST_F(Socket, SaysWhyAPathCannotBe) {
    EXPECT_FALSE(listen_at(""));
    EXPECT_FALSE(connect_to(""));
    EXPECT_NE(listen_at("/nowhere/at/all").error().message.find("No such file"), std::string::npos);
    EXPECT_NE(connect_to(path_).error().message.find(path_), std::string::npos);
}

TEST_F(Socket, ThePathLengthHasALimit) {
    const size_t room = sizeof(sockaddr_un::sun_path) - 1;
    const std::string longest = folder_ + "/" + std::string(room - folder_.size() - 1, 'x');
    EXPECT_TRUE(listen_at(longest));
    const auto longer = listen_at(longest + "x");
    ASSERT_FALSE(longer);
    EXPECT_NE(longer.error().message.find("use 1 to 107"), std::string::npos);
}

TEST_F(Socket, RefusesAPeerOfAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    const auto listener = listen_at(path_);
    ASSERT_TRUE(listener);
    ASSERT_EQ(::chmod(path_.c_str(), 0666), 0);  // the mode alone must not be what protects us
    ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
    const std::string path = path_;
    const int refused_by_client = as_nobody([&path] { return connect_to(path) ? 0 : 7; });
    EXPECT_EQ(refused_by_client, 7) << "a listener of another user";
    pollfd waiting{listener->get(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 5'000), 1);
    const auto server = accept_from(listener->get());
    ASSERT_FALSE(server);
    EXPECT_NE(server.error().message.find("65534"), std::string::npos);
    EXPECT_TRUE(connect_to(path_)) << "one refusal must not end the listener";
}

TEST_F(Socket, TheModeKeepsOtherUsersOut) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
    const auto listener = listen_at(path_);
    ASSERT_TRUE(listener);
    const std::string path = path_;
    EXPECT_EQ(as_nobody([&path] { return connect_to(path) ? 0 : 7; }), 7);
    EXPECT_FALSE(*accept_from(listener->get()));
}

}  // namespace
}  // namespace sluice::table
