// One request to the admin socket: bytes in, method, path and query out. Bounded, no I/O.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::admin {

struct Request {
    std::string method;
    std::string path;   // as sent, up to '?'
    std::string query;  // behind '?', "" when absent

    // The value of a query parameter, as sent; "" when absent. Our parameters need no decoding.
    std::string_view parameter(std::string_view name) const;
};

class RequestReader {
public:
    enum class State { more, complete, malformed, too_large };

    RequestReader();
    ~RequestReader();

    // Takes the next bytes of the connection. Bytes behind a complete head are not looked at.
    State feed(std::string_view bytes);
    const Request& request() const { return request_; }  // REQUIRES: complete

private:
    struct Parser;
    State finish();

    std::unique_ptr<Parser> parser_;
    std::string held_;  // what the parser has not consumed yet
    size_t read_ = 0;   // bytes that it has
    Request request_;
    State state_ = State::more;
};

}  // namespace sluice::admin
