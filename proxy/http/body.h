// Message bodies on the wire: a scanner that turns bytes into payload spans without copying, and the chunk
// framing we write. Extensions are dropped; trailers come out apart from the head's fields (RFC 9112 7.1).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/fields.h"
#include "proxy/http/message.h"
#include "table/limits.h"
#include "table/reason.h"

namespace sluice::http {

class BodyScanner {
public:
    void start(BodyFraming framing);

    struct Step {
        size_t consumed = 0;       // bytes used up, framing and payload; 0 with an empty payload = need more
        std::string_view payload;  // into the bytes given
        Reason reason = Reason::ok;  // bad_chunk, bad_trailer, body_too_large: the connection is not reused
    };
    // Takes what it can from the front of `bytes`, at most one payload span a call; call again with the rest.
    Step next(std::string_view bytes);

    bool ended() const { return state_ == State::ended; }
    // The stream closed: true when that is a lawful end (until_close, or ended already).
    bool end_of_stream();
    // Payload bytes still to come; 0 when unknown (chunked, until_close).
    uint64_t remaining() const { return framing_.kind == Framing::length ? remaining_ : 0; }

    // Trailer section as it came ("name: value\r\n"…, gate-checked, bounded), empty if none. Valid after ended(),
    // until the next start(). Names that must not be in trailers (RFC 9110 6.5.1) are already left out.
    std::string_view trailers() const { return {trailers_.data(), trailer_bytes_}; }

private:
    enum class State : uint8_t {
        counted, size, extension, size_line_feed, data, data_return, data_line_feed,
        trailer_line, until_close, ended
    };
    // The implementation may add private members; trailers are rare, so their store should not cost an idle
    // or plain exchange more than a pointer (take it from the free list when the first trailer byte comes).
    BodyFraming framing_;
    State state_ = State::ended;
    uint8_t digits_ = 0;
    uint16_t extension_bytes_ = 0;
    uint64_t remaining_ = 0;
    size_t trailer_bytes_ = 0;
    std::array<char, 1> trailers_{};  // placeholder: the owner decides
};

// "1a2b\r\n" into `out` (room for 18 bytes); returns its length.
size_t write_chunk_head(char* out, uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sluice::http
