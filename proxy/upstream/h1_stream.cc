// Moves bytes between one socket and its two buffers.
#include "proxy/upstream/h1_stream.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include <sys/uio.h>

#include "table/limits.h"

namespace sluice::upstream {

namespace {

constexpr uint8_t kFullReadsBeforeBulk = 2;
constexpr size_t kChunkHeadBytes = 18;  // 16 hex digits and CRLF
constexpr size_t kChunkFrameBytes =
    kChunkHeadBytes + http::kChunkEnd.size() + http::kLastChunk.size();
constexpr std::string_view kChunkEndAndLast = "\r\n0\r\n\r\n";

iovec piece_of(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};
}

// Takes from the front of `bytes` at most `count`, which is lowered by what was taken.
size_t take_front(std::string_view& bytes, size_t& count) {
    const size_t taken = std::min(count, bytes.size());
    bytes.remove_prefix(taken);
    count -= taken;
    return taken;
}

}  // namespace

Io H1Stream::fill() {
    consume(0);
    if (!socket.readable()) return Io::again;
    const bool full = in_.capacity() > 0 && in_.size() == in_.capacity();
    // A full buffer holds a head that goes on: it must grow. A fast body only may.
    const bool fast = full_reads_ >= kFullReadsBeforeBulk && in_.may_grow();
    const std::span<char> room = in_.room(full || fast);
    if (room.empty()) return Io::again;
    const net::Transfer got = socket.read(room);
    if (got.io == Io::closed && read_error_ == 0) read_error_ = got.error;
    if (got.io != Io::done) return got.io;
    in_.commit(got.bytes);
    received_ += got.bytes;
    full_reads_ =
        got.bytes == room.size() ? std::min<uint8_t>(full_reads_ + 1, kFullReadsBeforeBulk) : 0;
    return Io::done;
}

void H1Stream::begin_body(http::BodyFraming framing) {
    scanner_.start(framing);
    body_reason_ = Reason::ok;
}

Io H1Stream::read_body(std::string_view& bytes, bool& last) {
    consume(0);
    bytes = {};
    last = false;
    for (;;) {
        if (scanner_.ended()) {
            last = true;
            return Io::done;
        }
        const http::BodyScanner::Step step = scanner_.next(in_.bytes());
        if (step.reason != Reason::ok) {
            body_reason_ = step.reason;
            return Io::closed;
        }
        if (!step.payload.empty()) {
            lent_ = step.consumed;
            bytes = step.payload;
            last = scanner_.ended();
            return Io::done;
        }
        in_.consume(step.consumed);
        if (step.consumed > 0) continue;
        const Io io = fill();
        if (io == Io::again) return Io::again;
        if (io == Io::closed && (read_error_ != 0 || !scanner_.end_of_stream())) return Io::closed;
    }
}

std::span<char> H1Stream::stage_room(bool bulk) {
    if (!pending()) reuse_room();
    return out_.room(bulk);
}

void H1Stream::begin_message(http::Framing framing) {
    out_framing_ = framing;
    end_staged_ = false;
    chunk_left_ = 0;
}

// Once all is sent, the room behind it is worth more than the bytes, except for a replay, which
// ends here.
void H1Stream::reuse_room() {
    passed_by_ = passed_by_ || out_.size() > 0;
    out_.consume(out_.size());
    sent_ = 0;
}

bool H1Stream::stage(std::string_view text) {
    if (out_.capacity() == 0 || out_.empty()) out_.room(false);
    const std::span<char> room = out_.tail();
    if (room.size() < text.size()) return false;
    std::memcpy(room.data(), text.data(), text.size());
    out_.commit(text.size());
    return true;
}

bool H1Stream::stage_small(std::string_view bytes, bool last) {
    if (bytes.size() > limits::kInlineBodyBytes || chunk_left_ > 0) return false;
    if (out_.capacity() == 0 || out_.empty()) out_.room(false);
    if (out_.tail().size() < bytes.size() + kChunkFrameBytes) return false;
    const bool chunked = out_framing_ == http::Framing::chunked;
    if (!bytes.empty()) {
        std::array<char, kChunkHeadBytes> head;
        if (chunked) stage({head.data(), http::write_chunk_head(head.data(), bytes.size())});
        stage(bytes);
        if (chunked) stage(http::kChunkEnd);
    }
    if (last && chunked && !end_staged_) stage(http::kLastChunk);
    end_staged_ = end_staged_ || last;
    return true;
}

Io H1Stream::write_body(std::string_view& bytes, bool last) {
    out_.widen();
    if (stage_small(bytes, last)) {
        bytes = {};
        return last ? flush() : Io::done;
    }
    if (!bytes.empty()) return write_large(bytes, last);
    const Io io = flush();  // no room for the last chunk: make some
    if (io != Io::done) return io;
    reuse_room();
    stage_small(bytes, last);
    return flush();
}

Io H1Stream::open_chunk(size_t bytes) {
    if (out_.tail().size() < kChunkHeadBytes) {
        const Io io = flush();
        if (io != Io::done) return io;
        reuse_room();
    }
    std::array<char, kChunkHeadBytes> head;
    stage({head.data(), http::write_chunk_head(head.data(), bytes)});
    chunk_left_ = bytes;
    return Io::done;
}

Io H1Stream::write_large(std::string_view& bytes, bool last) {
    const bool chunked = out_framing_ == http::Framing::chunked;
    if (chunked && chunk_left_ == 0 && !bytes.empty()) {
        const Io io = open_chunk(bytes.size());
        if (io != Io::done) return io;
    }
    std::string_view tail;
    if (chunked && !bytes.empty()) tail = last ? kChunkEndAndLast : http::kChunkEnd;
    std::string_view staged = out_.bytes().substr(sent_);
    const std::array<iovec, 3> pieces{piece_of(staged), piece_of(bytes), piece_of(tail)};
    const net::Transfer sent = socket.write(pieces);
    if (sent.io == Io::closed) write_error_ = sent.error;
    if (sent.io != Io::done) return sent.io;
    size_t left = sent.bytes;
    sent_total_ += left;
    sent_ += take_front(staged, left);
    const size_t body = take_front(bytes, left);
    passed_by_ = passed_by_ || body > 0;
    if (chunked) chunk_left_ -= body;
    take_front(tail, left);
    if (!bytes.empty()) return Io::again;
    end_staged_ = end_staged_ || last;
    if (!pending()) reuse_room();
    if (!tail.empty()) stage(tail);
    return pending() ? flush() : Io::done;
}

Io H1Stream::write_trailers(std::string_view lines) {
    if (out_framing_ != http::Framing::chunked || end_staged_) {
        std::string_view none;
        return write_body(none, true);
    }
    out_.widen();
    if (out_.tail().size() < lines.size() + http::kLastChunk.size()) {
        const Io io = flush();
        if (io != Io::done) return io;
        reuse_room();
        out_.room(false);
    }
    stage(http::kLastChunk.substr(0, 3));
    stage(lines);
    stage(http::kChunkEnd);
    end_staged_ = true;
    return flush();
}

Io H1Stream::flush() {
    while (pending()) {
        const std::array<iovec, 1> piece{piece_of(out_.bytes().substr(sent_))};
        const net::Transfer sent = socket.write(piece);
        if (sent.io == Io::closed) write_error_ = sent.error;
        if (sent.io != Io::done) return sent.io;
        sent_ += sent.bytes;
        sent_total_ += sent.bytes;
    }
    return Io::done;
}

void H1Stream::replay_into(H1Stream& other) {
    assert(replayable());
    other.out_.clear();
    other.out_.take_from(out_);
    other.sent_ = 0;
    other.out_framing_ = out_framing_;
    other.end_staged_ = end_staged_;
    other.chunk_left_ = chunk_left_;
    other.passed_by_ = false;
    sent_ = 0;
}

void H1Stream::rest(bool span_in_use, bool keep_out) {
    if (!span_in_use) {
        consume(0);
        in_.release_if_empty();
        in_.shrink();
    }
    if (keep_out || pending()) return;
    passed_by_ = passed_by_ || out_.size() > 0;
    out_.clear();
    sent_ = 0;
}

void H1Stream::start_message() {
    assert(!pending());
    out_.consume(out_.size());
    sent_ = 0;
    received_ = input().size();
    passed_by_ = false;
    full_reads_ = 0;
}

void H1Stream::reset() {
    in_.clear();
    out_.clear();
    lent_ = sent_ = passing_ = 0;
    sent_total_ = received_ = chunk_left_ = 0;
    read_error_ = write_error_ = 0;
    full_reads_ = 0;
    passed_by_ = end_staged_ = false;
    body_reason_ = Reason::ok;
    out_framing_ = http::Framing::none;
    scanner_.start({});
}

}  // namespace sluice::upstream
