// Processes, /proc and sockets for the supervisor's tests.
#include "tests/unit/supervisor/pod.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <poll.h>
#include <sstream>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/new_folder.h"

namespace sluice::supervisor {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr int kPatienceMs = 10'000;
constexpr int kPauseMs = 2;

std::string contents(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

}  // namespace

bool until(const std::function<bool()>& condition) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= give_up) return false;
        ::poll(nullptr, 0, kPauseMs);
    }
    return true;
}

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> children;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const std::string status = contents("/proc/" + name + "/stat");
        const size_t behind_name = status.rfind(')');
        if (behind_name == std::string::npos) continue;
        std::istringstream fields(status.substr(behind_name + 1));
        char state = 0;
        pid_t of = 0;
        fields >> state >> of;
        if (of == parent) children.push_back(static_cast<pid_t>(std::stol(name)));
    }
    return children;
}

size_t descriptors_of(pid_t pid) {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<size_t>(std::distance(begin(all), end(all)));
}

std::string proc_file(pid_t pid, const std::string& name) {
    return contents("/proc/" + std::to_string(pid) + "/" + name);
}

Pod::Pod(Settings settings) : settings_(std::move(settings)) {
    folder_ = new_folder();
    if (settings_.listen.empty()) settings_.listen = {"127.0.0.1:0"};
    if (settings_.program.empty()) settings_.program = FAKE_PROXY;
    settings_.control_path = folder_ + "/control";
    settings_.handover.build = "test-build";
    start();
}

void Pod::start() {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const table::Descriptor output(ends[0]);
    std::fflush(nullptr);  // or what gtest said would go out once more, into the pod's output
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::setenv("FAKE_LOG", (folder_ + "/log").c_str(), 1);
        ::dup2(ends[1], STDOUT_FILENO);
        const int errors = ::open((folder_ + "/said").c_str(), O_WRONLY | O_CREAT, 0600);
        ::dup2(errors, STDERR_FILENO);
        ::_exit(run(settings_));
    }
    ::close(ends[1]);
    std::string printed;
    char piece[256];
    const auto lines = [&] { return std::count(printed.begin(), printed.end(), '\n'); };
    const size_t expected =
        settings_.listen.size() + settings_.listen_proxy.size() + settings_.admin.size();
    while (lines() < static_cast<ptrdiff_t>(expected)) {
        const ssize_t size = ::read(output.get(), piece, sizeof piece);
        if (size <= 0) break;  // it could not start
        printed.append(piece, static_cast<size_t>(size));
    }
    std::istringstream words(printed);
    std::string word;
    while (words >> word) {
        if (word != "listening" && word != "admin") addresses_.push_back(word);
    }
}

Pod::~Pod() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (testing::Test::HasFailure()) std::fprintf(stderr, "%s%s", said().c_str(), log().c_str());
    std::filesystem::remove_all(folder_);
}

std::optional<int> Pod::exit_code() {
    int status = 0;
    if (!until([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) return std::nullopt;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void Pod::signal(int number) const {
    ::kill(pid_, number);
}

std::optional<Served> Pod::ask() const {
    if (addresses_.empty()) return std::nullopt;
    const std::string& address = addresses_.front();
    const table::Descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto port = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    const sockaddr_in to = loopback(port);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&to);
    if (::connect(client.get(), generic, sizeof to) != 0) return std::nullopt;
    pollfd readable{client.get(), POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMs) != 1) return std::nullopt;
    char line[256];
    const ssize_t size = ::recv(client.get(), line, sizeof line, 0);
    if (size <= 0) return std::nullopt;
    Served served;
    std::istringstream words(std::string(line, static_cast<size_t>(size)));
    words >> served.worker >> served.pid >> served.generation >> served.routes >> served.endpoints;
    words >> served.secrets >> served.rule_slots >> served.endpoint_slots;
    return served;
}

pid_t Pod::worker_pid() const {
    std::optional<Served> served;
    until([&] { return (served = ask()).has_value(); });
    return served ? served->pid : -1;
}

pid_t Pod::steward_pid() const {
    for (const pid_t pid : children_of(pid_)) {
        if (proc_file(pid, "cmdline").find("steward") != std::string::npos) return pid;
    }
    return -1;
}

const live::Mapping& Pod::live() {
    if (live_) return *live_;
    const std::string folder = "/proc/" + std::to_string(pid_) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::error_code error;
        const std::string target = std::filesystem::read_symlink(entry.path(), error);
        if (target.find("memfd:sluice-live") == std::string::npos) continue;
        const table::Descriptor memory(::open(entry.path().c_str(), O_RDWR | O_CLOEXEC));
        auto attached = live::Mapping::attach(memory.get());
        EXPECT_TRUE(attached) << attached.error();
        if (attached) live_ = std::move(*attached);
        break;
    }
    return live_.value();
}

std::string Pod::log() const {
    return contents(folder_ + "/log");
}

std::string Pod::said() const {
    return contents(folder_ + "/said");
}

size_t Pod::logged(std::string_view line) const {
    std::istringstream lines(log());
    std::string each;
    size_t count = 0;
    while (std::getline(lines, each)) count += each == line;
    return count;
}

Controller::Controller(const Pod& pod) {
    auto socket = table::connect_to(pod.control_path());
    EXPECT_TRUE(socket) << socket.error().message;
    if (socket) socket_ = std::move(*socket);
}

table::Message Controller::next() {
    table::Message nothing;
    nothing.kind = table::MessageKind::drain;
    pollfd readable{socket_.get(), POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMs) != 1) return nothing;
    auto received = table::receive(socket_.get());
    if (!received || received->closed || received->again) return nothing;
    return std::move(received->message);
}

bool Controller::at_end() {
    pollfd readable{socket_.get(), POLLIN, 0};
    if (::poll(&readable, 1, kPatienceMs) != 1) return false;
    const auto received = table::receive(socket_.get());
    return received && received->closed;
}

bool Controller::quiet() {
    const auto received = table::receive(socket_.get());
    return received && received->again;
}

void Controller::publish(uint64_t generation, std::string_view routes, std::string_view endpoints) {
    table::Message message;
    message.kind = table::MessageKind::publish;
    message.generation = generation;
    std::vector<table::Descriptor> memories;
    std::vector<int> descriptors;
    const std::string_view texts[] = {routes, endpoints};
    for (size_t i = 0; i < 2; ++i) {
        if (texts[i].empty()) continue;
        auto memory =
            table::seal("text", std::as_bytes(std::span(texts[i].data(), texts[i].size())));
        ASSERT_TRUE(memory);
        descriptors.push_back(memory->get());
        memories.push_back(std::move(*memory));
        message.segments = static_cast<uint8_t>(message.segments | 1U << i);
        digests_[i] = text_digest(texts[i]);
    }
    message.digests = digests_;
    const auto sent = table::send(socket_.get(), message, descriptors);
    ASSERT_TRUE(sent) << sent.error().message;
}

void Controller::send_raw(std::string_view bytes) {
    EXPECT_EQ(
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
        static_cast<ssize_t>(bytes.size())
    );
}

void Controller::send(const table::Message& message, size_t descriptors) {
    auto memory = table::seal("text", std::as_bytes(std::span("x", 1)));
    ASSERT_TRUE(memory);
    const std::vector<int> same(descriptors, memory->get());
    ASSERT_TRUE(table::send(socket_.get(), message, same));
}

uint64_t text_digest(std::string_view text) {
    return std::hash<std::string_view>()(text) | 1;
}

}  // namespace sluice::supervisor
