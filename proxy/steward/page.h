// What the admin server is asked and what it answers, whoever reads the sockets.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace sluice::steward {

struct Request {
    std::string method;
    std::string path;           // up to '?', as sent
    std::string query;          // behind '?', as sent
    std::string authorization;  // the field's value; never logged
    bool is_local = false;      // came over the unix socket
};

// Appends the next piece of a long answer, some 100 KB at most; false: that was the last one. Other
// requests are served between two pieces.
using Pieces = std::function<bool(std::string& out)>;

struct Response {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8";
    std::string body = {};
    Pieces pieces = nullptr;  // set: follow the body
};

// {"error":{"code":…,"message":…}}; the message names the remedy.
Response refusal(unsigned status, std::string_view code, std::string_view message);

using Handler = std::function<Response(const Request&)>;

}  // namespace sluice::steward
