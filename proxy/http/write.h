// Heads out: one pass over the fields that are not dropped. Framing is always ours: Content-Length
// or Transfer-Encoding and Connection are written from the arguments, never passed through.
#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "proxy/http/message.h"

namespace sluice::http {

// Text into a fixed buffer; once full it stays full, and ok() is false.
class HeadWriter {
public:
    HeadWriter(char* out, size_t capacity) : out_(out), capacity_(capacity) {}
    void put(std::string_view text) {
        if (char* place = take(text.size())) std::memcpy(place, text.data(), text.size());
    }
    void put_field(std::string_view name, std::string_view value);
    void put_number(uint64_t value);
    bool ok() const { return ok_; }
    size_t size() const { return size_; }
    std::string_view text() const { return {out_, size_}; }

private:
    // Room for `bytes` more, or nullptr when there is none (or none is wanted).
    char* take(size_t bytes) {
        if (bytes == 0) return nullptr;
        if (!ok_ || bytes > capacity_ - size_) {
            ok_ = false;
            return nullptr;
        }
        char* place = out_ + size_;
        size_ += bytes;
        return place;
    }

    char* out_;
    size_t capacity_;
    size_t size_ = 0;
    bool ok_ = true;
};

// "METHOD target HTTP/1.1", Host first (RFC 9110 7.2), the fields, framing of `body`, blank line.
// `target` and `authority` are what the rewrite chose. Skips dropped, hop-by-hop and framing
// fields.
void write_request(
    HeadWriter& out,
    const RequestHead& head,
    std::string_view target,
    std::string_view authority,
    BodyFraming body
);

// "HTTP/1.1 status phrase", fields, framing, "connection: close" when `close`. For a HEAD answer or
// a 304 the upstream's Content-Length may be kept as a field (`keep_length`), which RFC 9110 8.6
// allows; a 1xx or 204 never has one.
void write_response(
    HeadWriter& out, const ResponseHead& head, BodyFraming body, bool close, bool keep_length
);

}  // namespace sluice::http
