// Message bodies on the wire: a scanner that turns bytes into payload spans without copying, and
// the chunk framing we write. Extensions are dropped; trailers come out apart from the head's
// fields (RFC 9112 7.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "proxy/http/fields.h"
#include "proxy/http/message.h"
#include "table/limits.h"
#include "table/reason.h"

namespace sluice::http {

class TrailerSection;

class BodyScanner {
public:
    BodyScanner();
    BodyScanner(BodyScanner&&) noexcept;
    BodyScanner& operator=(BodyScanner&&) noexcept;
    ~BodyScanner();

    void start(BodyFraming framing);

    struct Step {
        size_t consumed =
            0;  // bytes used up, framing and payload; 0 with an empty payload = need more
        std::string_view payload;  // into the bytes given
        Reason reason =
            Reason::ok;  // bad_chunk, bad_trailer, body_too_large: the connection is not reused
    };
    // Takes what it can from the front of `bytes`, at most one payload span a call; call again with
    // the rest. Framing behind the payload is taken too, so the call that gives the last span may
    // also end the body.
    Step next(std::string_view bytes);

    bool ended() const { return state_ == State::ended; }
    // The stream closed: true when that is a lawful end (until_close, or ended already).
    bool end_of_stream();
    // Payload bytes still to come; 0 when unknown (chunked, until_close).
    uint64_t remaining() const { return framing_.kind == Framing::length ? remaining_ : 0; }
    // So many payload bytes went by without being shown. REQUIRES: at most remaining().
    void skip(uint64_t bytes);

    // Trailer section as "name: value\r\n"…, gate-checked and bounded, empty if none. Valid after
    // ended(), until the next start(). Names that must not be in trailers (RFC 9110 6.5.1) are
    // already left out.
    std::string_view trailers() const;

private:
    enum class State : uint8_t {
        counted,
        until_close,
        size,
        extension,
        size_line_feed,
        data,
        data_return,
        data_line_feed,
        trailer_start,
        trailer_line,
        last_line_feed,
        ended,
        broken
    };
    Reason take_framing(std::string_view bytes, size_t& at);
    Reason take_framing_byte(char c);
    Reason take_size_byte(char c);
    Reason take_extension_byte(char c);
    Reason judge_chunk_end(char c);
    Reason end_size();
    Reason take_trailer_byte(char c);
    std::string_view take_payload(std::string_view bytes, size_t& at);

    BodyFraming framing_;  // length: of a chunked body, the chunks' sizes so far
    uint64_t remaining_ = 0;
    std::unique_ptr<TrailerSection>
        trailers_;  // made by a trailer's first byte: hardly any body has one
    State state_ = State::ended;
    uint8_t digits_ = 0;
    uint16_t extension_bytes_ = 0;
};
static_assert(sizeof(BodyScanner) <= 64, "one stands in every exchange, twice");

// "1a2b\r\n" into `out` (room for 18 bytes); returns its length.
size_t write_chunk_head(char* out, uint64_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace sluice::http
