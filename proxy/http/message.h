// One request head and one response head, for both HTTP versions. All views borrow: from the
// connection's buffer while the head is parsed, from the worker's Scratch once it is rewritten.
// Heads live in the worker's scratch and never across a suspension: whatever must survive is
// written out or copied before (design 5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/fields.h"

namespace sluice::http {

enum class Framing : uint8_t {
    none,    // no body
    length,  // Content-Length bytes
    chunked,
    until_close,  // responses only
};

struct BodyFraming {
    Framing kind = Framing::none;
    uint64_t length = 0;
};

struct RequestHead {
    std::string_view method;
    std::string_view
        target;  // as it came; what is forwarded unless path was rewritten or not canonical
    std::string_view path;   // canonical (path.h); matched, rewritten and forwarded alike
    std::string_view query;  // without '?'; has_query tells "/a?" from "/a"
    bool has_query = false;
    bool target_is_canonical = true;  // target is exactly path [? query]
    std::string_view authority;       // host[:port] as the client wrote it
    std::string_view host;            // lower case, no port, no trailing dot; IPv6 with brackets
    uint8_t minor = 1;                // HTTP/1.x
    BodyFraming body;
    bool keep_alive = true;  // the client allows another request on the connection
    bool expects_continue = false;
    bool wants_upgrade = false;  // Connection: upgrade with an Upgrade field
    bool accepts_trailers = false;
    bool is_head = false;        // method HEAD
    bool is_idempotent = false;  // RFC 9110 9.2.2
    FieldList fields;
    size_t size = 0;  // bytes of the head in the buffer, blank line included
};

struct ResponseHead {
    uint16_t status = 0;
    std::string_view phrase;
    uint8_t minor = 1;
    BodyFraming body;        // after the rules for HEAD, 1xx, 204, 304 are applied
    bool keep_alive = true;  // the upstream allows another request
    bool interim() const { return status < 200; }
    FieldList fields;
    size_t size = 0;
};

// Bump memory for text that a rewrite makes (canonical path, forwarded values, request id). Reset
// per head.
class Scratch {
public:
    void reset() { used_ = 0; }
    // nullptr when full: the caller refuses with head_too_large.
    char* take(size_t bytes) {
        if (bytes > bytes_.size() - used_) return nullptr;
        char* place = bytes_.data() + used_;
        used_ += bytes;
        return place;
    }
    // A copy that lives as long as the scratch; empty view (with data() == nullptr) when full.
    std::string_view copy(std::string_view text);

private:
    std::array<char, 24 * 1024> bytes_;
    size_t used_ = 0;
};

}  // namespace sluice::http
