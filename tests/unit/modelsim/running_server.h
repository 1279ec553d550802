// A simulator on its own thread and a blocking client, for tests over real sockets.
#pragma once

#include <arpa/inet.h>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "modelsim/server.h"

namespace sluice::modelsim {

class RunningServer {
public:
    explicit RunningServer(Settings settings = {}) {
        settings.pod = "pod-a";
        auto opened = Server::open(settings, loop_);
        if (!opened) throw std::runtime_error(opened.error());
        server_ = std::move(*opened);
        const std::string address = server_->address();
        port_ = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
        thread_ = std::thread([this] { loop_.run(); });
    }
    ~RunningServer() {
        loop_.stop();
        thread_.join();
    }
    uint16_t port() const { return port_; }

private:
    Loop loop_;
    std::unique_ptr<Server> server_;
    uint16_t port_ = 0;
    std::thread thread_;
};

class Client {
public:
    explicit Client(const RunningServer& server) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("connect");
        }
    }
    ~Client() { leave(); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void leave() {
        if (fd_ >= 0) close(fd_);
        fd_ = -1;
    }
    void half_close() const { shutdown(fd_, SHUT_WR); }

    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;  // the server may lawfully have refused by now
            bytes.remove_prefix(static_cast<size_t>(sent));
        }
    }

    // More bytes; empty at the end of the stream, with `error` set when it was a reset.
    std::string receive() {
        char buffer[16384];
        const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
        error = got < 0 ? errno : 0;
        return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : std::string();
    }

    std::string until(std::string_view mark) {
        std::string all;
        while (all.find(mark) == std::string::npos) {
            const std::string more = receive();
            if (more.empty()) break;
            all += more;
        }
        return all;
    }
    std::string to_end() {
        std::string all;
        for (std::string more = receive(); !more.empty(); more = receive()) all += more;
        return all;
    }

    int error = 0;

private:
    int fd_;
};

inline std::string get(std::string_view path, std::string_view fields = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: sim\r\n" + std::string(fields) + "\r\n";
}

inline std::string post(
    std::string_view path, std::string_view body, std::string_view fields = ""
) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: sim\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
           std::string(fields) + "\r\n" + std::string(body);
}

// One request on a connection of its own; the whole answer.
inline std::string ask(const RunningServer& server, std::string_view request) {
    Client client(server);
    std::string closing(request);
    closing.insert(closing.find("\r\n") + 2, "Connection: close\r\n");
    client.send(closing);
    return client.to_end();
}

// A sample of /metrics, e.g. "sim_cancelled_total"; -1 when it is not there.
inline double metric(const RunningServer& server, const std::string& name) {
    const std::string page = ask(server, get("/metrics"));
    const size_t at = page.find("\n" + name + "{");
    if (at == std::string::npos) return -1;
    return std::stod(page.substr(page.find("} ", at) + 2));
}

// Looks until the sample has the value; false when it has not within ten seconds.
inline bool becomes(const RunningServer& server, const std::string& name, double value) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
        if (metric(server, name) == value) return true;
    }
    return false;
}

}  // namespace sluice::modelsim
