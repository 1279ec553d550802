// An HTTP/1 connection to an endpoint: one Upstream at a time, pooled in between.
#pragma once

#include <cstdint>

#include "proxy/upstream/h1_stream.h"
#include "proxy/upstream/upstream.h"

namespace sluice::upstream {

class Pool;

class H1Upstream final : public Upstream {
public:
    explicit H1Upstream(net::BlockPool& blocks) : stream_(blocks) {}

    net::Source& source() override { return stream_.socket.source; }
    H1Stream* plain_stream() override { return &stream_; }
    Io try_connect() override;
    bool stage_head(
        const http::RequestHead& head,
        std::string_view target,
        std::string_view authority,
        http::BodyFraming framing
    ) override;
    Io try_write_body(std::string_view& bytes, bool last) override;
    Io try_flush() override;
    Io try_write_trailers(std::string_view lines) override;
    Io try_read_head(bool to_head, http::ResponseHead& head) override;
    Io try_read_body(std::string_view& bytes, bool& last) override;
    std::string_view trailers() const override { return stream_.trailers(); }
    Failure failure() const override { return failure_; }
    bool replayable() const override { return stream_.replayable(); }
    void replay_into(Upstream& other) override;
    void shrink() override { stream_.shrink(); }
    void rest(bool span_in_use, bool keep_request) override {
        stream_.rest(span_in_use, keep_request);
    }
    size_t held() const override { return stream_.held(); }

    // --- for the pool
    void begin(uint32_t slot);  // a new connection to that endpoint; socket().fd is set
    void begin_request();       // leased, new or again
    bool lease_fit() const;     // idle and nothing has happened to it
    bool reusable() const;      // the last exchange left it clean
    bool unfinished() const { return stream_.unfinished(); }
    void end();  // the descriptor is closed: forget everything
    net::Socket& socket() { return stream_.socket; }
    uint32_t slot() const { return slot_; }

    // Its pool, and its places in the pool's lists.
    Pool* home = nullptr;
    H1Upstream* newer_in_slot = nullptr;
    H1Upstream* older_in_slot = nullptr;
    H1Upstream* newer = nullptr;
    H1Upstream* older = nullptr;
    int64_t idle_since = 0;

private:
    Io write_failed();
    Io read_failed();

    H1Stream stream_;
    Failure failure_;
    uint64_t sent_before_ = 0;  // of earlier requests on this connection
    uint32_t slot_ = 0;
    size_t scanned_ = 0;
    bool connected_ = false;
    bool keep_alive_ = false;
    bool head_read_ = false;      // a final head came
    bool interim_doubt_ = false;  // an interim answer stated a body
};

}  // namespace sluice::upstream
