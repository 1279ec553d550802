// HTTP/1 towards an endpoint: heads out and in, and what a failure proves about the request.
#include "proxy/upstream/h1_upstream.h"

#include <cassert>
#include <cerrno>

#include "proxy/http/h1_codec.h"
#include "proxy/http/rule.h"
#include "proxy/http/write.h"

namespace sluice::upstream {

namespace {

Reason connect_reason(int error) {
    if (error == ECONNREFUSED) return Reason::connect_refused;
    if (error == ETIMEDOUT) return Reason::connect_timeout;
    return Reason::connect_failed;
}

}  // namespace

void H1Upstream::begin(uint32_t slot) {
    slot_ = slot;
    connected_ = false;
    keep_alive_ = false;
    head_read_ = false;
}

void H1Upstream::begin_request() {
    stream_.start_message();
    failure_ = {};
    sent_before_ = stream_.sent_total();
    scanned_ = 0;
    keep_alive_ = false;
    head_read_ = false;
    interim_doubt_ = false;
}

bool H1Upstream::lease_fit() const {
    return (stream_.socket.source.bits & (net::kReadable | net::kGone)) == 0;
}

bool H1Upstream::reusable() const {
    const bool clean = stream_.input().empty() || !http::enforced(http::GateRule::unasked_bytes);
    return connected_ && keep_alive_ && head_read_ && stream_.body_ended() && clean &&
           !stream_.pending() && !stream_.socket.gone();
}

void H1Upstream::end() {
    stream_.reset();
    connected_ = false;
}

bool H1Upstream::stage_head(
    const http::RequestHead& head,
    std::string_view target,
    std::string_view authority,
    http::BodyFraming framing
) {
    stream_.begin_message(framing.kind);
    for (const bool bulk : {false, true}) {
        const std::span<char> room = stream_.stage_room(bulk);
        http::HeadWriter writer(room.data(), room.size());
        http::write_request(writer, head, target, authority, framing);
        if (!writer.ok()) continue;
        stream_.staged(writer.size());
        return true;
    }
    return false;
}

// The end of a connect shows as writability; its outcome is asked for once.
Io H1Upstream::try_connect() {
    if (connected_) return Io::done;
    if (failure_.never_connected) return Io::closed;
    if (!stream_.socket.writable()) return Io::again;
    const int error = net::connect_error(stream_.socket);
    // Whoever speaks first does not answer us (RFC 9112 9.2). Nothing of the request has left.
    const bool speaks_first = error == 0 && stream_.socket.readable() && !stream_.socket.gone();
    if (error == 0 && !speaks_first) {
        connected_ = true;
        return Io::done;
    }
    failure_ = {Side::upstream, speaks_first ? Reason::upstream_garbage : connect_reason(error)};
    failure_.never_connected = true;
    return Io::closed;
}

Io H1Upstream::try_flush() {
    const Io io = stream_.flush();
    return io == Io::closed ? write_failed() : io;
}

Io H1Upstream::try_write_body(std::string_view& bytes, bool last) {
    const Io io = stream_.write_body(bytes, last);
    return io == Io::closed ? write_failed() : io;
}

Io H1Upstream::try_write_trailers(std::string_view lines) {
    const Io io = stream_.write_trailers(lines);
    return io == Io::closed ? write_failed() : io;
}

Io H1Upstream::write_failed() {
    const bool reset = stream_.write_error() == ECONNRESET;
    failure_ = {Side::upstream, reset ? Reason::upstream_reset : Reason::upstream_closed};
    failure_.never_arrived = stream_.sent_total() == sent_before_;
    failure_.answered = stream_.received() > 0;
    return Io::closed;
}

Io H1Upstream::read_failed() {
    // A write that met the reset has taken it away from the reads.
    const bool end_of_file = stream_.read_error() == 0 && stream_.write_error() != ECONNRESET;
    failure_ = {Side::upstream, end_of_file ? Reason::upstream_closed : Reason::upstream_reset};
    failure_.answered = stream_.received() > 0;
    if (failure_.answered) return Io::closed;
    failure_.never_arrived = stream_.sent_total() == sent_before_;
    if (!end_of_file || failure_.never_arrived) return Io::closed;
    // The peer had closed before our bytes came if its kernel acknowledged none of them
    // (design 10.11 c). The handshake counts as one acknowledged byte.
    const int64_t acknowledged = net::acknowledged_bytes(stream_.socket);
    const auto before = static_cast<int64_t>(sent_before_) + 1;
    failure_.never_arrived = acknowledged >= 0 && acknowledged <= before;
    return Io::closed;
}

Io H1Upstream::try_read_head(bool to_head, http::ResponseHead& head) {
    for (;;) {
        const http::Parsed parsed = http::parse_response(stream_.input(), scanned_, to_head, head);
        if (parsed.state == http::Parse::refused) {
            failure_ = {Side::upstream, Reason::upstream_garbage, parsed.reason};
            failure_.answered = true;
            return Io::closed;
        }
        if (parsed.state == http::Parse::complete) break;
        const Io io = stream_.fill();
        if (io == Io::again) return Io::again;
        if (io == Io::closed) return read_failed();
    }
    scanned_ = 0;
    // The views stay good: consuming moves no bytes, only the next read may.
    stream_.consume(head.size);
    // An interim answer that states a body may send one too.
    interim_doubt_ = interim_doubt_ || (head.interim() && !head.keep_alive);
    if (head.interim()) return Io::done;
    head_read_ = true;
    keep_alive_ = head.keep_alive && !interim_doubt_;
    stream_.begin_body(head.body);
    return Io::done;
}

Io H1Upstream::try_read_body(std::string_view& bytes, bool& last) {
    const Io io = stream_.read_body(bytes, last);
    if (io != Io::closed) return io;
    if (stream_.body_reason() != Reason::ok) {
        failure_ = {Side::upstream, Reason::upstream_garbage, stream_.body_reason()};
    } else {
        const bool reset = stream_.read_error() != 0;
        failure_ = {Side::upstream, reset ? Reason::upstream_reset : Reason::upstream_incomplete};
    }
    failure_.answered = true;
    return Io::closed;
}

void H1Upstream::replay_into(Upstream& other) {
    // Replays stay between connections of one protocol: the staged bytes are in its framing.
    stream_.replay_into(static_cast<H1Upstream&>(other).stream_);
}

}  // namespace sluice::upstream
