// A client's HTTP/1 connection: one Downstream after another, and what the connection needs between
// them.
#pragma once

#include <array>
#include <cstdint>

#include "proxy/exchange/downstream.h"
#include "proxy/http/trusted.h"
#include "proxy/net/address.h"
#include "proxy/upstream/h1_stream.h"

namespace sluice::exchange {

class H1Downstream final : public Downstream {
public:
    explicit H1Downstream(net::BlockPool& blocks);

    // A new client: descriptor and addresses. `port` is the one it reached. `proxied`: its listener
    // speaks the PROXY protocol, so a header comes before the first request.
    void begin(int fd, const net::Address& peer, uint16_t port, bool proxied = false);
    net::Socket& socket() { return stream_.socket; }

    net::Source& source() override { return stream_.socket.source; }
    upstream::H1Stream* plain_stream() override {
        // Reading on means to say first that the client shall.
        const bool owes = continue_owed_ || (!answered_ && stream_.pending());
        return owes ? nullptr : &stream_;
    }
    net::Waiter& waiter() override { return waiter_; }
    net::Deadline& deadline() override { return deadline_; }
    const http::Peer& peer() const override { return peer_; }
    const http::Caller& caller() const override { return caller_; }

    Io try_read_head(http::Scratch& scratch, http::RequestHead& head) override;
    Io try_read_body(std::string_view& bytes, bool& last) override;
    std::string_view trailers() const override { return stream_.trailers(); }
    bool request_complete() const override { return stream_.body_ended(); }
    bool stage_interim(const http::ResponseHead& head) override;
    bool stage_head(const http::ResponseHead& head, http::BodyFraming framing, bool close) override;
    Io try_write_body(std::string_view& bytes, bool last) override;
    Io try_write_trailers(std::string_view lines) override;
    Io try_flush() override;
    bool accepts_trailers() const override { return accepts_trailers_ && minor_ == 1; }
    int64_t acknowledged() const override { return net::acknowledged_bytes(stream_.socket); }
    void abort(const Failure& failure) override;
    Failure failure() const override { return failure_; }
    void rest(bool span_in_use) override { stream_.rest(span_in_use, false); }
    void lend(const upstream::Upstream* upstream) override { lent_ = upstream; }
    bool reclaimed() const override { return dismissed_ == Reason::memory_reclaimed; }
    Failure departure() override;

    // --- for the server loop
    // Who is at the other end, or whom the PROXY header named.
    const net::Address& peer_address() const { return peer_address_; }
    // Whose word counts; before anything is read. `hops` outlives the connection.
    void trust(const http::TrustedHops& hops);
    // A PROXY header must come before anything else is read.
    bool owes_preface() const { return owes_preface_; }
    // done: it came, and addresses are as it says. closed: failure() is bad_proxy_header,
    // proxy_untrusted, or client_gone when no byte came; nothing may be answered.
    Io try_read_preface();
    bool head_begun() const { return !stream_.input().empty(); }
    // Waiting for a request of which no byte has come.
    bool idle() const { return (waiting_ || owes_preface_) && !head_begun(); }
    // The exchange is over and another request may come.
    bool reusable() const;
    // Bytes may still come that nobody will read: the close must linger (RFC 9112 9.6).
    bool should_linger() const;
    // Bytes of the last request and behind it.
    uint64_t received() const { return stream_.received(); }
    // Between requests: the connection reads once more, because a request may have come, and then
    // ends for this reason.
    void dismiss(Reason reason);
    Reason dismissed() const { return dismissed_; }
    // Whatever it does: its memory is needed. A head or an answer is cut, a request that has no
    // answer yet gets one.
    void reclaim();
    // Bytes in memory that the connection and its exchange hold, the kernel's pipes included.
    size_t held() const { return stream_.held() + (lent_ == nullptr ? 0 : lent_->held()); }
    // Since when it waits for a request; means something while idle().
    void idle_from(int64_t now_ns) { idle_since_ns_ = now_ns; }
    int64_t idle_since_ns() const { return idle_since_ns_; }
    // Reads and forgets. done: a share of a loop turn was read and more may be there.
    Io discard();
    void end() { stream_.reset(); }

private:
    Io client_gone(Reason reason);
    void set_peer(const net::Address& peer, uint16_t port);
    void call(std::string_view source);
    void believe(const http::FieldList& fields);

    upstream::H1Stream stream_;
    net::Waiter waiter_;
    net::Deadline deadline_{waiter_};
    Failure failure_;
    const upstream::Upstream* lent_ = nullptr;
    int64_t idle_since_ns_ = 0;
    Reason dismissed_ = Reason::ok;
    const http::TrustedHops* hops_ = &http::TrustedHops::none();
    net::Address peer_address_;
    http::Peer peer_;
    http::Caller caller_;
    std::array<char, net::kAddressTextBytes> peer_text_{};
    std::array<char, net::kAddressTextBytes> source_text_{};  // of a client behind a trusted hop
    size_t scanned_ = 0;
    uint8_t minor_ = 1;
    bool waiting_ = false;  // for a head
    bool is_head_ = false;
    bool keep_alive_ = false;
    bool must_close_ = false;
    bool aborted_ = false;
    bool answered_ = false;
    bool continue_owed_ = false;
    bool accepts_trailers_ = false;
    bool owes_preface_ = false;
};

}  // namespace sluice::exchange
