// What a gateway takes out of a message before it passes it on, and what it puts in (RFC 9110 7.6,
// RFC 7239).
#pragma once

#include <string_view>

#include "proxy/http/message.h"
#include "table/reason.h"

namespace sluice::http {

// Drops hop-by-hop fields and those that Connection names. Connection may not name fields that we
// or the application rely on (host, content-length, authorization, cookie, x-forwarded-*, …):
// bad_connection_field.
Reason strip_hop_by_hop(FieldList& fields);

// Who is on the other side of the client connection.
struct Peer {
    std::string_view address;  // text, no port, no brackets
    std::string_view scheme;   // "http" or "https", as the client spoke to the first hop we trust
    uint16_t port = 0;         // of our listener, as the client reached it
    bool trusted = false;      // a trusted hop (trusted.h): what it says of its clients is kept
};

// Takes out every x-forwarded-*, forwarded and x-real-ip, and puts in our own:
// x-forwarded-for/-proto/-host/-port. Of a trusted peer's, these stay: the well-formed end of its
// x-forwarded-for (caller.h) in front of its own address, x-forwarded-host when it is a lawful
// authority, x-forwarded-port when it is a port; its x-forwarded-proto is in `peer.scheme` already.
Reason rebuild_forwarded(RequestHead& head, const Peer& peer, Scratch& scratch);

// Keeps a client's x-request-id if it is 1..128 visible characters, else makes one: 32 hex digits
// from `draw`. Returns the id (in scratch or the head).
std::string_view ensure_request_id(
    RequestHead& head, uint64_t draw_high, uint64_t draw_low, Scratch& scratch
);

}  // namespace sluice::http
