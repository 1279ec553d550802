// One non-blocking TCP socket: a descriptor and its readiness. Reads and writes are tried first and
// never wait; a short read means drained, except when the peer has gone: then only end of file
// does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "proxy/net/ready.h"

struct iovec;

namespace sluice::net {

enum class Io : uint8_t { done, again, closed };

struct Transfer {
    Io io = Io::again;
    size_t bytes = 0;  // done: > 0
    int error = 0;     // closed: 0 = end of file, else errno
};

class Poller;

struct Socket {
    Source source;
    int fd = -1;

    bool open() const { return fd >= 0; }
    bool readable() const { return (source.bits & kReadable) != 0; }
    bool writable() const { return (source.bits & kWritable) != 0; }
    bool gone() const { return (source.bits & kGone) != 0; }

    Transfer read(std::span<char> into);
    // Gathers; never raises SIGPIPE.
    Transfer write(std::span<const iovec> from);
};

// FIN now, reading goes on.
void shut_write(const Socket& socket);
// The coming close sends RST, so the peer cannot take what it has for a whole message.
void reset_on_close(const Socket& socket);
// Outcome of a non-blocking connect: 0 or errno.
int connect_error(const Socket& socket);
// Payload bytes that the peer's kernel has acknowledged since the connection began (tcp(7),
// TCP_INFO); the handshake counts as one. Negative when the kernel does not say.
int64_t acknowledged_bytes(const Socket& socket);

}  // namespace sluice::net
