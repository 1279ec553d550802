// One exchange seen from its server side: HTTP/1, the connection while it serves it; HTTP/2, one
// stream. Methods try and never suspend; `again` means that the source's bit for it is down, so it
// may be waited for. A body span is borrowed until the next
// try_read_*, or until rest() says that it is not in use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/net/address.h"
#include "proxy/net/ready.h"
#include "proxy/net/socket.h"
#include "proxy/upstream/failure.h"

namespace sluice::upstream {

using net::Io;

class H1Stream;

class Upstream {
public:
    virtual ~Upstream() = default;

    virtual net::Source& source() = 0;
    // Where body bytes may pass unread (splice.h); nullptr: nowhere.
    virtual H1Stream* plain_stream() { return nullptr; }

    // done once bytes can flow; again: wait for writable; closed: failure() has never_connected.
    virtual Io try_connect() = 0;

    // Stages the head; nothing is sent before the first write. False: it does not fit
    // (head_too_large). The head is not referred to afterwards.
    virtual bool stage_head(
        const http::RequestHead& head,
        std::string_view target,
        std::string_view authority,
        http::BodyFraming framing
    ) = 0;

    // Removes from `bytes` what it took. done: all taken (small spans may wait for try_flush) and,
    // with `last`, the message is complete and sent. again: wait for writable. closed: see
    // failure(); the response may still be readable. REQUIRES: try_connect() said done.
    virtual Io try_write_body(std::string_view& bytes, bool last) = 0;
    virtual Io try_flush() = 0;
    // Ends a chunked body with these lines ("name: value\r\n"…); like try_write_body with last.
    virtual Io try_write_trailers(std::string_view lines) = 0;

    // The next response head (interim ones too). REQUIRES: the previous one was interim or there
    // was none.
    virtual Io try_read_head(bool to_head, http::ResponseHead& head) = 0;
    // A span of the body; `last` with the final one (which may be empty).
    virtual Io try_read_body(std::string_view& bytes, bool& last) = 0;
    virtual std::string_view trailers() const = 0;

    // Why the last call said closed.
    virtual Failure failure() const = 0;

    // What of this request can be sent again is still held (design 10.11), and moving it to another
    // upstream.
    virtual bool replayable() const = 0;
    virtual void replay_into(Upstream& other) = 0;
    // Gives up memory before a wait. `span_in_use`: the last body span is still read;
    // `keep_request`: the staged request may still be replayed.
    virtual void rest(bool span_in_use, bool keep_request) = 0;
    // The wait may be long: what is kept of the request moves into little memory.
    virtual void shrink() = 0;
    // Bytes of the request and answer that it holds in memory, the kernel's pipes included.
    virtual size_t held() const = 0;
};

// Where upstreams come from. lease() never blocks: a new connection is one whose try_connect() says
// again for a while.
class Upstreams {
public:
    virtual ~Upstreams() = default;
    // nullptr: no descriptor or address left; `failure` says which.
    virtual Upstream* lease(uint32_t slot, const net::Address& address, Failure& failure) = 0;
    // The exchange is over. `reusable`: request and response were complete and lawful; else it is
    // closed now.
    virtual void give_back(Upstream& upstream, bool reusable) = 0;
};

}  // namespace sluice::upstream
