// The whole controller as a process, between real files and a supervisor that the test plays.
#include "controller/loop/loop.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <poll.h>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controller/loop/keeper.h"
#include "controller/loop/log.h"
#include "table/channel.h"
#include "tests/unit/new_folder.h"

namespace sluice::loop {
namespace {

using table::Message;
using table::MessageKind;

constexpr int kPatienceMs = 20'000;

std::string service(const std::string& name) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name +
           "}\nspec: {ports: [{name: http, port: 80}]}\n---\n";
}

std::string slice(const std::string& name, int port) {
    return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: " + name +
           "-1, labels: {kubernetes.io/service-name: " + name +
           "}}\naddressType: IPv4\nports: [{name: http, port: " + std::to_string(port) +
           "}]\nendpoints: [{addresses: [127.0.0.1]}]\n---\n";
}

std::string route(const std::string& service_name) {
    return "apiVersion: sluice.dev/v1alpha1\nkind: ModelRoute\nmetadata: {name: chat}\nspec:\n"
           "  ingressClassName: sluice\n  rules:\n  - backendRefs: [{name: " +
           service_name + ", port: 80}]\n";
}

class LoopTest : public testing::Test {
protected:
    LoopTest() {
        folder_ = new_folder();
        std::filesystem::create_directory(folder_ + "/files");
        listener_ = std::move(*table::listen_at(folder_ + "/proxy.sock"));
        write("services.yaml", service("one") + service("two"));
        write("slices.yaml", slice("one", 1001) + slice("two", 1002));
        write("route.yaml", route("one"));
    }
    ~LoopTest() override {
        if (pid_ > 0) {
            EXPECT_EQ(stop(), 0);
        }
        std::filesystem::remove_all(folder_);
    }

    void write(const std::string& name, const std::string& text) const {
        const std::string path = folder_ + "/files/" + name;
        std::ofstream(path + ".new") << text;
        std::filesystem::rename(path + ".new", path);
    }
    void start() {
        pid_ = ::fork();
        if (pid_ != 0) return;
        Settings settings;
        settings.files = {folder_ + "/files"};
        settings.proxy_socket = folder_ + "/proxy.sock";
        settings.admin_socket = folder_ + "/admin.sock";
        settings.options.allow_loopback_endpoints = true;
        if (std::freopen((folder_ + "/log").c_str(), "w", stderr) == nullptr) ::_exit(99);
        set_up_log("info");
        ::_exit(Loop(settings).run());
    }
    int stop() {
        ::kill(pid_, SIGTERM);
        return ended();
    }
    int ended() {
        int status = 0;
        EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    static void await(int fd) {
        pollfd readable{fd, POLLIN, 0};
        ASSERT_EQ(::poll(&readable, 1, kPatienceMs), 1);
    }
    // Takes the controller's connection and says hello.
    void greet(uint64_t generation, const table::Digests& digests) {
        await(listener_.get());
        peer_ = std::move(*table::accept_from(listener_.get()));
        ASSERT_TRUE(table::send(peer_.get(), table::hello("test", generation, digests)));
    }
    Message take_publish() {
        await(peer_.get());
        auto received = table::receive(peer_.get());
        EXPECT_TRUE(received);
        EXPECT_EQ(received->message.kind, MessageKind::publish);
        return received->message;
    }
    void answer(MessageKind kind, uint64_t generation, Reason reason = Reason::ok) {
        Message message;
        message.kind = kind;
        message.generation = generation;
        message.reason = reason;
        message.text = reason == Reason::ok ? "" : "no good";
        ASSERT_TRUE(table::send(peer_.get(), message));
    }
    bool nothing_published() {
        auto received = table::receive(peer_.get());
        return received && received->again;
    }

    // How often a line of the log has `text`.
    size_t logged(const std::string& text) const {
        std::ifstream file(folder_ + "/log");
        size_t count = 0;
        for (std::string line; std::getline(file, line);) count += line.find(text) != line.npos;
        return count;
    }
    // The page as it is once it has `text`; as it last was when it never has.
    std::string await_page(const std::string& path, const std::string& text) const {
        std::string page;
        const std::time_t give_up = std::time(nullptr) + kPatienceMs / 1000;
        while (page.find(text) == std::string::npos && std::time(nullptr) < give_up) {
            page = get(path);
        }
        return page;
    }
    std::string get(const std::string& path) const {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (folder_ + "/admin.sock").copy(address.sun_path, sizeof address.sun_path - 1);
        std::string got;
        if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
            const std::string request = "GET " + path + " HTTP/1.1\r\n\r\n";
            ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
            char bytes[4096];
            for (ssize_t n = 1; n > 0;) {
                n = ::recv(fd, bytes, sizeof bytes, 0);
                if (n > 0) got.append(bytes, static_cast<size_t>(n));
            }
        }
        ::close(fd);
        return got;
    }
    static bool has(const std::string& page, const std::string& text) {
        return page.find(text) != std::string::npos;
    }

    std::string folder_;
    table::Descriptor listener_;
    table::Descriptor peer_;
    pid_t pid_ = -1;
};

constexpr uint8_t kBoth = 0b11;
constexpr uint8_t kRoutesOnly = 0b01;
constexpr uint8_t kEndpointsOnly = 0b10;

TEST_F(LoopTest, from_files_to_a_running_table) {
    start();
    EXPECT_TRUE(has(await_page("/readyz", "503"), "503"));
    greet(0, {});
    const Message first = take_publish();
    EXPECT_EQ(first.generation, 1u);
    EXPECT_EQ(first.segments, kBoth);
    EXPECT_TRUE(has(get("/readyz"), "503"));
    EXPECT_TRUE(has(get("/programmed"), "ModelRoute default/chat"));
    answer(MessageKind::running, 1);
    EXPECT_TRUE(has(await_page("/readyz", "200 OK"), "200 OK"));
    EXPECT_TRUE(has(get("/generation"), "\r\n\r\n1\n"));
    EXPECT_FALSE(has(get("/programmed"), "ModelRoute default/chat"));
}

TEST_F(LoopTest, an_edit_of_endpoints_sends_no_routes) {
    start();
    greet(0, {});
    const Message first = take_publish();
    answer(MessageKind::running, 1);
    write("slices.yaml", slice("one", 2001) + slice("two", 1002));
    const Message second = take_publish();
    EXPECT_EQ(second.generation, 2u);
    EXPECT_EQ(second.segments, kEndpointsOnly);
    EXPECT_EQ(second.digests[0], first.digests[0]);
    EXPECT_NE(second.digests[1], first.digests[1]);
    answer(MessageKind::running, 2);
    write("route.yaml", route("one") + "    timeouts: {idle: 9s}\n");
    const Message third = take_publish();
    EXPECT_EQ(third.segments, kRoutesOnly);
    EXPECT_NE(third.digests[0], first.digests[0]);
    EXPECT_EQ(third.digests[1], second.digests[1]);
}

TEST_F(LoopTest, an_edit_of_endpoints_compiles_no_routes) {
    start();
    greet(0, {});
    take_publish();
    answer(MessageKind::running, 1);
    EXPECT_TRUE(has(await_page("/metrics", "running_generation 1\n"), "compiles_total 1\n"));
    write("slices.yaml", slice("one", 2001) + slice("two", 1002));
    take_publish();
    answer(MessageKind::running, 2);
    const std::string page = await_page("/metrics", "running_generation 2\n");
    EXPECT_TRUE(has(page, "sluice_controller_compiles_total 1\n")) << page;
    EXPECT_TRUE(has(page, "sluice_controller_routes_compiled_total 1\n"));
    EXPECT_TRUE(has(page, "sluice_controller_endpoint_updates_total 1\n"));
    EXPECT_TRUE(has(page, "sluice_controller_files_parsed_total 4\n"));
}

TEST_F(LoopTest, verdicts_follow_the_endpoints_alone) {
    start();
    greet(0, {});
    take_publish();
    answer(MessageKind::running, 1);
    EXPECT_TRUE(has(await_page("/verdicts", "\"readyEndpoints\": 1"), "\"effectiveWeight\": 1"));
    std::string bad = slice("one", 1001);
    bad.replace(bad.find("127.0.0.1"), 9, "0.0.0.0");
    write("slices.yaml", bad + slice("two", 1002));
    take_publish();
    answer(MessageKind::running, 2);
    const std::string page = await_page("/verdicts", "\"readyEndpoints\": 0");
    EXPECT_TRUE(has(page, "\"effectiveWeight\": 0")) << page;
    EXPECT_TRUE(has(page, "\"kind\": \"EndpointSlice\"")) << page;
    EXPECT_EQ(logged("event=finding object=\"EndpointSlice default/one-1\""), 1u);
    write("slices.yaml", slice("one", 1001) + slice("two", 1002));
    take_publish();
    answer(MessageKind::running, 3);
    EXPECT_FALSE(has(await_page("/verdicts", "\"readyEndpoints\": 1"), "\"EndpointSlice\""));
    EXPECT_EQ(logged("event=finding_over object=\"EndpointSlice default/one-1\""), 1u);
}

// A port that is renamed in its Service and its slices at once: the old routes must not meet the
// new slices, for they would find no port of that name.
TEST_F(LoopTest, endpoints_that_come_with_routes_change_with_them) {
    start();
    greet(0, {});
    const Message first = take_publish();
    answer(MessageKind::running, 1);
    const auto renamed = [](std::string text) {
        return text.replace(text.find("name: http"), 10, "name: web");
    };
    write("route.yaml", route("one") + "    timeouts: {idle: 9s}\n");  // begins a hold-off
    const Message second = take_publish();
    answer(MessageKind::running, 2);
    std::filesystem::remove(folder_ + "/files/slices.yaml");
    write("services.yaml", renamed(service("one")) + renamed(slice("one", 1001)));
    Message message = take_publish();
    EXPECT_EQ(message.segments, kBoth) << "never one without the other";
    EXPECT_NE(message.digests[0], second.digests[0]);
    EXPECT_NE(message.digests[1], first.digests[1]);
}

TEST_F(LoopTest, a_broken_file_changes_nothing_and_is_named) {
    start();
    greet(0, {});
    const Message first = take_publish();
    answer(MessageKind::running, 1);
    write("route.yaml", route("two") + "  wrong: 1\n");
    const std::string page = await_page("/verdicts?format=text", "route.yaml:");
    EXPECT_TRUE(has(page, "route.yaml:8:3:")) << page;
    EXPECT_TRUE(nothing_published());
    write("route.yaml", route("two"));
    EXPECT_EQ(take_publish().generation, 2u);
    EXPECT_FALSE(has(get("/verdicts?format=text"), "route.yaml:"));
}

TEST_F(LoopTest, a_refusal_is_shown_and_the_next_edit_is_offered) {
    start();
    greet(0, {});
    take_publish();
    answer(MessageKind::refused, 1, Reason::table_corrupt);
    const std::string page = await_page("/verdicts", "TableCorrupt");
    EXPECT_TRUE(has(page, R"("status":"False","observedGeneration":0,"reason":"TableCorrupt")"))
        << page;
    write("route.yaml", route("two"));
    EXPECT_EQ(take_publish().generation, 2u);
    answer(MessageKind::running, 2);
    EXPECT_TRUE(has(await_page("/readyz", "200 OK"), "200 OK"));
}

TEST_F(LoopTest, a_proxy_that_comes_back_empty_gets_everything_again) {
    start();
    greet(0, {});
    const Message first = take_publish();
    answer(MessageKind::running, 1);
    peer_ = table::Descriptor();
    greet(0, {});
    const Message again = take_publish();
    EXPECT_EQ(again.segments, kBoth);
    EXPECT_EQ(again.digests, first.digests);
    EXPECT_EQ(logged("level=warning event=proxy_disconnected"), 1u) << "it left at once";
}

TEST_F(LoopTest, what_is_not_read_is_logged_once) {
    write("other.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\n");
    start();
    greet(0, {});
    take_publish();
    answer(MessageKind::running, 1);
    write("route.yaml", route("two"));
    take_publish();
    EXPECT_EQ(logged("event=skipped what="), 1u);
}

TEST_F(LoopTest, a_proxy_that_runs_our_table_already_is_told_nothing) {
    start();
    greet(0, {});
    const Message first = take_publish();
    answer(MessageKind::running, 1);
    EXPECT_EQ(stop(), 0);
    start();
    greet(1, first.digests);
    answer(MessageKind::running, 1);
    EXPECT_TRUE(has(await_page("/readyz", "200 OK"), "200 OK"));
    EXPECT_TRUE(nothing_published());
}

TEST_F(LoopTest, no_objects_are_a_table_too) {
    for (const char* name : {"services.yaml", "slices.yaml", "route.yaml"}) {
        std::filesystem::remove(folder_ + "/files/" + name);
    }
    start();
    greet(0, {});
    EXPECT_EQ(take_publish().segments, kBoth);
}

TEST_F(LoopTest, an_admin_socket_that_is_taken_is_the_end) {
    std::ofstream(folder_ + "/admin.sock") << "a file\n";
    start();
    EXPECT_EQ(ended(), kCannotStart);
}

}  // namespace
}  // namespace sluice::loop
