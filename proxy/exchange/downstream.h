// One exchange seen from its client side: HTTP/1, the connection while it serves it; HTTP/2, one
// stream. The same manners as upstream/upstream.h: methods try and never suspend, spans are
// borrowed until the next call.
#pragma once

#include <string_view>

#include "proxy/http/caller.h"
#include "proxy/http/hop.h"
#include "proxy/http/message.h"
#include "proxy/net/ready.h"
#include "proxy/net/socket.h"
#include "proxy/net/wheel.h"
#include "proxy/upstream/failure.h"
#include "proxy/upstream/upstream.h"

namespace sluice::upstream {
class H1Stream;
}

namespace sluice::exchange {

using net::Io;
using upstream::Failure;

class Downstream {
public:
    virtual ~Downstream() = default;

    virtual net::Source& source() = 0;
    // As Upstream's.
    virtual upstream::H1Stream* plain_stream() { return nullptr; }
    // What the exchange waits on; its client source is already set.
    virtual net::Waiter& waiter() = 0;
    virtual net::Deadline& deadline() = 0;
    // The hop next to us, for forwarded fields; of the head read last.
    virtual const http::Peer& peer() const = 0;
    // Who sends the request that was read last; before the first one, who opened the connection.
    virtual const http::Caller& caller() const = 0;

    // done: a head stands in `head` until anything else is called. again: wait for readable.
    // closed: the peer went away, or the bytes are no request: failure() says which (bad bytes get
    // an answer, then the close).
    virtual Io try_read_head(http::Scratch& scratch, http::RequestHead& head) = 0;
    virtual Io try_read_body(std::string_view& bytes, bool& last) = 0;
    virtual std::string_view trailers() const = 0;
    // The whole request was read.
    virtual bool request_complete() const = 0;

    // Stage a head; false: it does not fit. `close`: this is the connection's last answer.
    virtual bool stage_interim(const http::ResponseHead& head) = 0;
    virtual bool stage_head(
        const http::ResponseHead& head, http::BodyFraming framing, bool close
    ) = 0;
    // As Upstream's: small spans may wait for try_flush, `last` flushes, closed means the client is
    // gone.
    virtual Io try_write_body(std::string_view& bytes, bool last) = 0;
    virtual Io try_write_trailers(std::string_view lines) = 0;
    virtual Io try_flush() = 0;
    virtual bool accepts_trailers() const = 0;

    // Bytes sent since the client came that its kernel has acknowledged; negative: nobody knows. A
    // system call, for deadlines only.
    virtual int64_t acknowledged() const = 0;

    // Ends the exchange such that the client cannot take what it got for a whole answer.
    virtual void abort(const Failure& failure) = 0;
    virtual Failure failure() const = 0;
    // Gives up memory before a wait. `span_in_use`: the last body span is still read.
    virtual void rest(bool span_in_use) = 0;

    // The upstream whose memory counts with this exchange; nullptr: none.
    virtual void lend(const upstream::Upstream* upstream) = 0;
    // The worker wants this exchange's memory back and has raised the source's bits for it.
    virtual bool reclaimed() const = 0;
    // Why the source says that the client is gone: it is, or the exchange was reclaimed. The bit is
    // taken back then, because the client may still be answered.
    virtual Failure departure() = 0;
};

}  // namespace sluice::exchange
