// One HTTP/1 byte stream with a buffer each way: what client and upstream connections have in
// common. Reads fill the in-buffer, body spans point into it; writes go out behind what is staged
// in the out-buffer, small spans copied, large ones gathered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/http/body.h"
#include "proxy/http/message.h"
#include "proxy/net/blocks.h"
#include "proxy/net/socket.h"
#include "table/reason.h"

namespace sluice::upstream {

using net::Io;

class H1Stream {
public:
    explicit H1Stream(net::BlockPool& pool) : in_(pool), out_(pool) {}

    net::Socket socket;

    // A new request begins on the connection: received() and replayable() count from here.
    void start_message();

    // --- in
    // What was received and neither consumed nor lent as a body span.
    std::string_view input() const { return in_.bytes().substr(lent_); }
    // One read. again when nothing came or the buffer may not grow; closed with read_error() (0 =
    // end of file).
    Io fill();
    void consume(size_t bytes) {
        in_.consume(lent_ + bytes);
        lent_ = 0;
    }
    int read_error() const { return read_error_; }
    uint64_t received() const { return received_; }  // bytes since start_message()

    void begin_body(http::BodyFraming framing);
    // closed: body_reason() says what was wrong with the bytes, or ok when the stream ended too
    // early.
    Io read_body(std::string_view& bytes, bool& last);
    Reason body_reason() const { return body_reason_; }
    bool body_ended() const { return scanner_.ended(); }
    // Body bytes have come already, or the body is over: nobody needs to be told to go on sending.
    bool body_started() const { return !in_.empty() || scanner_.ended(); }
    std::string_view trailers() const { return scanner_.trailers(); }

    // Body bytes that may be taken off the socket unread: the length is known, nothing is buffered.
    uint64_t passable() const { return input().empty() ? scanner_.remaining() : 0; }
    // So many of them were. REQUIRES: at most passable().
    void passed_in(size_t bytes) {
        scanner_.skip(bytes);
        received_ += bytes;
    }
    // Whoever took bytes off the socket found it closed; the next read says so.
    void fail_read(int error) { read_error_ = error; }

    // --- out
    // Room behind what is staged, for a head; at least limits::kHeadBytes with `bulk`.
    std::span<char> stage_room(bool bulk);
    void staged(size_t bytes) { out_.commit(bytes); }
    bool pending() const { return sent_ < out_.size(); }
    http::Framing out_framing() const { return out_framing_; }
    void begin_message(http::Framing framing);  // of what is written next
    // Takes from `bytes` what it can; small spans are only staged and go with the next flush,
    // `last` flushes.
    Io write_body(std::string_view& bytes, bool last);
    Io write_trailers(std::string_view lines);
    Io flush();
    // The body goes out as it is, and the end of what goes out now is not its end.
    bool takes_plain_bytes() const { return out_framing_ == http::Framing::length && !end_staged_; }
    // So many body bytes are on their way to the socket past us: nothing of the message can be
    // replayed. REQUIRES: nothing is pending.
    void passing_out(size_t bytes) {
        passing_ += bytes;
        passed_by_ = true;
    }
    // So many of those arrived there.
    void passed_out(size_t bytes) {
        passing_ -= bytes;
        sent_total_ += bytes;
    }
    // Whoever put them there found it closed.
    void fail_write(int error) { write_error_ = error; }
    int write_error() const { return write_error_; }
    uint64_t sent_total() const { return sent_total_; }  // since the connection began

    // All that was sent of this message still stands in the out-buffer.
    bool replayable() const { return !passed_by_; }
    void replay_into(H1Stream& other);

    // Gives blocks back, or larger ones for smaller. `span_in_use`: the last body span is still
    // read; `keep_out`: sent bytes may still be replayed.
    void rest(bool span_in_use, bool keep_out);
    // Before a wait that may be long: what was staged moves into little memory.
    void shrink() { out_.shrink(); }
    // The message was not written to its end: a FIN would stand behind bytes that may never move.
    bool unfinished() const { return !end_staged_ || pending(); }
    // Bytes of the blocks that it holds, and of what is on its way past them.
    size_t held() const { return in_.capacity() + out_.capacity() + passing_; }
    void reset();  // for a new connection

private:
    bool stage(std::string_view text);
    bool stage_small(std::string_view bytes, bool last);
    Io write_large(std::string_view& bytes, bool last);
    Io open_chunk(size_t bytes);
    void reuse_room();

    net::Buffer in_;
    net::Buffer out_;
    http::BodyScanner scanner_;
    size_t lent_ = 0;  // bytes of in_ that the last span covers
    size_t sent_ = 0;  // of out_
    size_t passing_ = 0;
    uint64_t sent_total_ = 0;
    uint64_t received_ = 0;
    uint64_t chunk_left_ = 0;  // bytes of the chunk whose head went out
    int read_error_ = 0;
    int write_error_ = 0;
    uint8_t full_reads_ = 0;  // in a row; two make the buffer grow
    Reason body_reason_ = Reason::ok;
    http::Framing out_framing_ = http::Framing::none;
    bool end_staged_ = false;
    bool passed_by_ = false;  // bytes went out that the out-buffer does not hold
};

}  // namespace sluice::upstream
