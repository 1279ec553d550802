// HTTP/1 towards a client: who it is, heads in and out, 100-continue, and how a connection ends.
#include "proxy/exchange/h1_downstream.h"

#include <cstring>

#include "proxy/http/h1_codec.h"
#include "proxy/http/rule.h"
#include "proxy/http/write.h"
#include "proxy/net/connect.h"
#include "proxy/net/proxy_protocol.h"
#include "table/key.h"
#include "table/limits.h"

namespace sluice::exchange {

namespace {

constexpr std::string_view kScheme = "http";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kDiscardBytes = 4 * limits::kBulkBytes;  // in one loop turn

}  // namespace

H1Downstream::H1Downstream(net::BlockPool& blocks) : stream_(blocks) {
    waiter_.client = &stream_.socket.source;
}

void H1Downstream::begin(int fd, const net::Address& peer, uint16_t port, bool proxied) {
    stream_.reset();
    stream_.socket.fd = fd;
    waiter_.forget_deadline();
    hops_ = &http::TrustedHops::none();
    set_peer(peer, port);
    failure_ = {};
    lent_ = nullptr;
    dismissed_ = Reason::ok;
    scanned_ = 0;
    must_close_ = aborted_ = answered_ = continue_owed_ = keep_alive_ = waiting_ = false;
    owes_preface_ = proxied;
}

// --- who it is

void H1Downstream::set_peer(const net::Address& peer, uint16_t port) {
    peer_address_ = peer;
    const size_t length = net::address_text(peer, peer_text_.data());
    peer_ = {.address = {peer_text_.data(), length}, .scheme = kScheme, .port = port};
    peer_.trusted = hops_->contains(peer.bytes);
    call(peer_.address);
}

// Who calls, as far as an address tells.
void H1Downstream::call(std::string_view source) {
    caller_ = {};
    caller_.id = table::key64({source});
    caller_.source = source;
}

void H1Downstream::trust(const http::TrustedHops& hops) {
    hops_ = &hops;
    peer_.trusted = hops.contains(peer_address_.bytes);
}

// Without configured hops whoever reaches the listener may say who it is: a network has to keep
// others away then (docs/callers.md).
Io H1Downstream::try_read_preface() {
    if (!hops_->empty() && !peer_.trusted) return client_gone(Reason::proxy_untrusted);
    for (;;) {
        const net::ProxyHeader header = net::parse_proxy_header(stream_.input());
        if (header.state == net::ProxyParse::refused) return client_gone(Reason::bad_proxy_header);
        if (header.state == net::ProxyParse::complete) {
            stream_.consume(header.size);
            const uint16_t port = header.destination.port;
            if (header.relayed) set_peer(header.source, port != 0 ? port : peer_.port);
            owes_preface_ = false;
            return Io::done;
        }
        const Io io = stream_.fill();
        if (io == Io::again) return Io::again;
        if (io != Io::closed) continue;
        return client_gone(head_begun() ? Reason::bad_proxy_header : Reason::client_gone);
    }
}

// The head of a trusted peer tells whom it speaks for; another peer speaks for itself, which is
// known since it came.
void H1Downstream::believe(const http::FieldList& fields) {
    const http::IpBytes client = http::client_of(fields, peer_address_.bytes, *hops_);
    const size_t length = net::address_text({client, 0}, source_text_.data());
    call({source_text_.data(), length});
    const std::string_view scheme = http::scheme_said(fields);
    peer_.scheme = scheme.empty() ? kScheme : scheme;
}

Io H1Downstream::client_gone(Reason reason) {
    failure_ = {upstream::Side::client, reason};
    return Io::closed;
}

Io H1Downstream::try_read_head(http::Scratch& scratch, http::RequestHead& head) {
    waiting_ = true;
    is_head_ = false;
    // A head that is refused must not be laid at the former request's door.
    if (peer_.trusted) call(peer_.address);
    for (;;) {
        // What is buffered is parsed before anything is read: pipelined requests stand there.
        if (!stream_.input().empty()) {
            const http::Parsed parsed =
                http::parse_request(stream_.input(), scanned_, scratch, head);
            if (parsed.state == http::Parse::complete) break;
            if (parsed.state == http::Parse::refused) {
                must_close_ = true;
                waiting_ = false;
                return client_gone(parsed.reason);
            }
        }
        const Io io = stream_.fill();
        if (io == Io::again) return Io::again;
        if (io == Io::closed) return client_gone(Reason::client_gone);
    }
    scanned_ = 0;
    waiting_ = false;
    failure_ = {};
    if (!reclaimed()) dismissed_ = Reason::ok;
    stream_.start_message();
    stream_.consume(head.size);
    stream_.begin_body(head.body);
    minor_ = head.minor;
    is_head_ = head.is_head;
    // A 1.0 client would have to be told of keep-alive; closing is as lawful and one case less.
    keep_alive_ = head.keep_alive && head.minor == 1;
    accepts_trailers_ = head.accepts_trailers;
    continue_owed_ =
        head.expects_continue && head.minor == 1 && head.body.kind != http::Framing::none;
    answered_ = false;
    if (peer_.trusted) believe(head.fields);
    return Io::done;
}

Io H1Downstream::try_read_body(std::string_view& bytes, bool& last) {
    // We answer the expectation ourselves, once somebody wants the body and none of it has come.
    if (continue_owed_) {
        continue_owed_ = false;
        if (!stream_.body_started() && !answered_) {
            const std::span<char> room = stream_.stage_room(false);
            if (room.size() >= kContinue.size()) {
                std::memcpy(room.data(), kContinue.data(), kContinue.size());
                stream_.staged(kContinue.size());
            }
        }
    }
    if (!answered_ && stream_.pending() && try_flush() == Io::closed) return Io::closed;
    const Io io = stream_.read_body(bytes, last);
    if (io != Io::closed) return io;
    must_close_ = true;
    if (stream_.body_reason() != Reason::ok) return client_gone(stream_.body_reason());
    return client_gone(Reason::client_body_incomplete);
}

bool H1Downstream::stage_interim(const http::ResponseHead& head) {
    if (minor_ == 0) return true;  // RFC 9110 15.2: a 1.0 client must not be sent one
    const std::span<char> room = stream_.stage_room(false);
    http::HeadWriter writer(room.data(), room.size());
    http::write_response(writer, head, {http::Framing::none, 0}, false, false);
    if (!writer.ok()) return false;
    stream_.staged(writer.size());
    return true;
}

bool H1Downstream::stage_head(
    const http::ResponseHead& head, http::BodyFraming framing, bool close
) {
    if (framing.kind == http::Framing::until_close) framing.kind = http::Framing::chunked;
    if (framing.kind == http::Framing::chunked && minor_ == 0) {
        framing.kind = http::Framing::until_close;
        must_close_ = true;
    }
    if (is_head_ || head.status == 204 || head.status == 304) framing.kind = http::Framing::none;
    must_close_ = must_close_ || close || !keep_alive_;
    stream_.begin_message(framing.kind);
    for (const bool bulk : {false, true}) {
        const std::span<char> room = stream_.stage_room(bulk);
        http::HeadWriter writer(room.data(), room.size());
        const bool keep_length = is_head_ || head.status == 304;
        http::write_response(writer, head, framing, must_close_, keep_length);
        if (!writer.ok()) continue;
        stream_.staged(writer.size());
        answered_ = true;
        return true;
    }
    return false;
}

Io H1Downstream::try_flush() {
    const Io io = stream_.flush();
    return io == Io::closed ? client_gone(Reason::client_gone) : io;
}

Io H1Downstream::try_write_body(std::string_view& bytes, bool last) {
    if (is_head_) bytes = {};
    const Io io = stream_.write_body(bytes, last);
    return io == Io::closed ? client_gone(Reason::client_gone) : io;
}

Io H1Downstream::try_write_trailers(std::string_view lines) {
    const Io io = stream_.write_trailers(lines);
    return io == Io::closed ? client_gone(Reason::client_gone) : io;
}

void H1Downstream::abort(const Failure& failure) {
    failure_ = failure;
    aborted_ = true;
    must_close_ = true;
    // What came is passed on. A missing last chunk or a short length tells the client that it is
    // not whole; a body that ends with the connection needs a reset for that. A client that takes
    // nothing is reset too: its bytes would stay in an orphaned socket for minutes.
    const bool client_failed = failure.side == upstream::Side::client;
    if (!client_failed) stream_.flush();
    const bool ends_with_connection = stream_.out_framing() == http::Framing::until_close;
    // So would what the kernel still has for a client whose memory is needed.
    if (client_failed || !answered_ || ends_with_connection || reclaimed()) {
        net::reset_on_close(stream_.socket);
    }
}

// --- memory

void H1Downstream::dismiss(Reason reason) {
    dismissed_ = reason;
    stream_.socket.source.raise(net::kReadable);
}

void H1Downstream::reclaim() {
    dismissed_ = Reason::memory_reclaimed;
    must_close_ = true;
    stream_.socket.source.raise(net::kReadable | net::kWritable | net::kGone);
}

Failure H1Downstream::departure() {
    if (!reclaimed()) return {.side = upstream::Side::client, .reason = Reason::client_gone};
    stream_.socket.source.bits &= static_cast<uint8_t>(~net::kGone);
    return {.side = upstream::Side::gateway, .reason = Reason::memory_reclaimed};
}

bool H1Downstream::reusable() const {
    const bool read = stream_.body_ended() || !http::enforced(http::GateRule::unread_body);
    return keep_alive_ && !must_close_ && !aborted_ && read && !stream_.pending() &&
           !stream_.socket.gone();
}

bool H1Downstream::should_linger() const {
    const bool unread =
        !stream_.body_ended() || !stream_.input().empty() || stream_.socket.readable();
    // We close a connection that the client would have kept: its next request may be on its way.
    const bool unexpected = must_close_ && keep_alive_;
    return !aborted_ && !stream_.socket.gone() && (unread || unexpected || failure_);
}

Io H1Downstream::discard() {
    for (size_t read = 0; read < kDiscardBytes;) {
        read += stream_.input().size();
        stream_.consume(stream_.input().size());
        const Io io = stream_.fill();
        if (io != Io::done) return io;
    }
    return Io::done;
}

}  // namespace sluice::exchange
