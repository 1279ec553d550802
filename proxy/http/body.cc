// Body framing as a state machine that can stop at any byte. Chunk sizes are digits, an optional
// extension and CR LF: nothing else, since each further spelling is one that some other server
// reads differently.
#include "proxy/http/body.h"

#include <algorithm>

#include "proxy/http/ascii.h"
#include "proxy/http/rule.h"
#include "proxy/http/scan.h"
#include "proxy/http/trailer.h"

namespace sluice::http {

BodyScanner::BodyScanner() = default;
BodyScanner::BodyScanner(BodyScanner&&) noexcept = default;
BodyScanner& BodyScanner::operator=(BodyScanner&&) noexcept = default;
BodyScanner::~BodyScanner() = default;

void BodyScanner::start(BodyFraming framing) {
    framing_ = framing;
    remaining_ = 0;
    trailers_.reset();
    digits_ = 0;
    extension_bytes_ = 0;
    switch (framing.kind) {
        case Framing::none:
            state_ = State::ended;
            break;
        case Framing::length:
            remaining_ = framing.length;
            state_ = remaining_ == 0 ? State::ended : State::counted;
            break;
        case Framing::chunked:
            framing_.length = 0;
            state_ = State::size;
            break;
        case Framing::until_close:
            state_ = State::until_close;
            break;
    }
}

BodyScanner::Step BodyScanner::next(std::string_view bytes) {
    Step step;
    step.reason = take_framing(bytes, step.consumed);
    if (step.reason != Reason::ok) return step;
    step.payload = take_payload(bytes, step.consumed);
    if (!step.payload.empty()) step.reason = take_framing(bytes, step.consumed);
    return step;
}

void BodyScanner::skip(uint64_t bytes) {
    remaining_ -= bytes;
    if (remaining_ == 0) state_ = State::ended;
}

bool BodyScanner::end_of_stream() {
    if (state_ == State::until_close) state_ = State::ended;
    return state_ == State::ended;
}

std::string_view BodyScanner::trailers() const {
    return trailers_ == nullptr || !ended() ? std::string_view{} : trailers_->kept();
}

// Bytes that are not payload, up to the next payload byte or the end.
Reason BodyScanner::take_framing(std::string_view bytes, size_t& at) {
    if (state_ == State::broken) return Reason::bad_chunk;
    while (at < bytes.size() && state_ >= State::size && state_ != State::data &&
           state_ != State::ended) {
        const Reason reason = take_framing_byte(bytes[at]);
        if (reason != Reason::ok) {
            state_ = State::broken;
            return reason;
        }
        ++at;
    }
    return Reason::ok;
}

std::string_view BodyScanner::take_payload(std::string_view bytes, size_t& at) {
    std::string_view payload = bytes.substr(at);
    if (state_ == State::counted || state_ == State::data) {
        payload = payload.substr(0, std::min<uint64_t>(payload.size(), remaining_));
        remaining_ -= payload.size();
        if (remaining_ == 0) state_ = state_ == State::data ? State::data_return : State::ended;
    } else if (state_ != State::until_close) {
        return {};
    }
    at += payload.size();
    return payload;
}

Reason BodyScanner::take_framing_byte(char c) {
    switch (state_) {
        case State::size:
            return take_size_byte(c);
        case State::extension:
            return take_extension_byte(c);
        case State::size_line_feed:
            return c == '\n' || !enforced(GateRule::chunk_line_end) ? end_size()
                                                                    : Reason::bad_chunk;
        case State::data_return:
            if (c != '\r') return judge_chunk_end(c);
            state_ = State::data_line_feed;
            return Reason::ok;
        case State::data_line_feed:
            if (c != '\n') return judge_chunk_end(c);
            state_ = State::size;
            return Reason::ok;
        default:
            return take_trailer_byte(c);
    }
}

// What stands where a chunk's CR LF should be. Without its rule any two bytes are that end, and so
// are a line feed and nothing.
Reason BodyScanner::judge_chunk_end(char c) {
    if (enforced(GateRule::chunk_end)) return Reason::bad_chunk;
    const bool one_more = state_ == State::data_return && c != '\n' && hex_value(c) < 0;
    state_ = one_more ? State::data_line_feed : State::size;
    return hex_value(c) >= 0 ? take_size_byte(c) : Reason::ok;
}

Reason BodyScanner::take_extension_byte(char c) {
    if (c == '\r') {
        state_ = State::size_line_feed;
        return Reason::ok;
    }
    if (c == '\n' && !enforced(GateRule::chunk_line_end)) return end_size();
    if (is_control(c) && enforced(GateRule::chunk_extension)) return Reason::bad_chunk;
    const bool bounded = enforced(GateRule::chunk_extension_length);
    if (bounded && ++extension_bytes_ > limits::kChunkExtensionBytes) return Reason::bad_chunk;
    return Reason::ok;
}

Reason BodyScanner::take_size_byte(char c) {
    const int digit = hex_value(c);
    if (digit >= 0) {
        if (digits_ < limits::kChunkSizeDigits) {
            ++digits_;
        } else if (enforced(GateRule::chunk_digits)) {
            return Reason::bad_chunk;
        }
        remaining_ = (remaining_ << 4) | static_cast<uint64_t>(digit);
        return Reason::ok;
    }
    if (c == '\n' && digits_ != 0 && !enforced(GateRule::chunk_line_end)) return end_size();
    if ((digits_ == 0 || (c != ';' && c != '\r'))) {
        if (enforced(GateRule::chunk_size)) return Reason::bad_chunk;
        if (c != ';' && c != '\r') return Reason::ok;
    }
    state_ = c == ';' ? State::extension : State::size_line_feed;
    extension_bytes_ = c == ';' ? 1 : 0;
    return Reason::ok;
}

Reason BodyScanner::end_size() {
    digits_ = 0;
    if (remaining_ == 0) {
        state_ = State::trailer_start;
        return Reason::ok;
    }
    if (remaining_ > limits::kBodyBytes - framing_.length && enforced(GateRule::chunk_total)) {
        return Reason::body_too_large;
    }
    framing_.length += remaining_;
    state_ = State::data;
    return Reason::ok;
}

Reason BodyScanner::take_trailer_byte(char c) {
    if (state_ == State::last_line_feed) {
        state_ = State::ended;
        const bool fine = c == '\n' || !enforced(GateRule::trailer_line_end);
        return fine ? Reason::ok : Reason::bad_trailer;
    }
    if (state_ == State::trailer_start && c == '\n' && !enforced(GateRule::trailer_line_end)) {
        state_ = State::ended;
        return Reason::ok;
    }
    if (state_ == State::trailer_start && c == '\r') {
        state_ = State::last_line_feed;
        return Reason::ok;
    }
    if (trailers_ == nullptr) trailers_ = std::make_unique<TrailerSection>();
    if (c == '\n') {
        state_ = State::trailer_start;
        return trailers_->end_line();
    }
    state_ = State::trailer_line;
    return trailers_->add(c);
}

size_t write_chunk_head(char* out, uint64_t size) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const int bits = size == 0 ? 1 : 64 - __builtin_clzll(size);
    const int digits = (bits + 3) / 4;
    for (int i = digits - 1; i >= 0; --i) {
        out[i] = kHex[size & 0xf];
        size >>= 4;
    }
    out[digits] = '\r';
    out[digits + 1] = '\n';
    return static_cast<size_t>(digits) + 2;
}

}  // namespace sluice::http
