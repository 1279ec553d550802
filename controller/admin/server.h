// A few pages over HTTP/1.1 on a unix socket that only our own user may open. It has no loop of its
// own: the controller's one thread waits on what watch() names and calls step(), which never
// blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "controller/admin/request.h"

struct pollfd;

namespace sluice::admin {

struct Response {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body;
};

using Handler = std::function<Response(const Request&)>;

class Server {
public:
    // Listens at `path`, mode 0600. A socket file that nobody serves any more is replaced; one that
    // somebody serves is an error, as is anything that is not a socket. The error is for people.
    static tl::expected<std::unique_ptr<Server>, std::string> listen(
        const std::string& path, Handler handler
    );
    ~Server();  // removes the socket file
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // Appends what to wait on. At limits::kAdminConnections the listener is left out.
    void watch(std::vector<pollfd>& wanted) const;
    // When step() is to be called although nothing is ready: CLOCK_MONOTONIC ns.
    std::optional<int64_t> due() const;
    // Accepts, reads, answers (GET and HEAD, through the handler), writes and closes what it can.
    void step(int64_t now);

private:
    struct Connection;
    Server(std::string path, int listener, Handler handler);
    void accept_all(int64_t now);
    bool advance(Connection& connection);  // false: it has ended
    bool read_head(Connection& connection);
    void answer(Connection& connection, RequestReader::State state);

    std::string path_;
    int listener_;
    Handler handler_;
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace sluice::admin
