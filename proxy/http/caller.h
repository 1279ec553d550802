// Who sends a request (design 10.8), and what a trusted hop says of it: the one place that reads
// X-Forwarded-For. `Forwarded` (RFC 7239) is not read: two fields that can contradict each other
// would make two clients out of one. docs/callers.md tells users.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/fields.h"
#include "proxy/http/ip_text.h"
#include "proxy/http/trusted.h"
#include "table/limits.h"

namespace sluice::http {

// Borrows from the Downstream that has it; holds until its next head is read. Policies and log take
// identity from here and from nowhere else.
struct Caller {
    uint64_t id = 0;          // key64 of what identifies: today the source
    std::string_view name;    // of a verified identity; empty: nobody verified one
    std::string_view tenant;  // likewise
    std::string_view tier;    // likewise
    std::string_view source;  // the client's address in its one canonical spelling, no port
};

// One element of an X-Forwarded-For: "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]",
// "[2001:db8::1]:80". False: nothing of the kind ("unknown", "_hidden", a name).
bool parse_hop(std::string_view element, IpBytes& address);

// The end of a request's X-Forwarded-For, all its lines joined: elements from the last one back to
// the first that is malformed (without that one), at most limits::kForwardedHops. Empty elements do
// not count (RFC 9110 5.6.1.2).
struct HopChain {
    struct Hop {
        std::string_view text;  // as written
        IpBytes address;
    };
    std::array<Hop, limits::kForwardedHops> hops;  // the last element first
    size_t count = 0;
};
HopChain read_chain(const FieldList& fields);

// What the trusted `peer` says of a request: the client is the last element of the chain that is no
// trusted hop; the first of the chain when all are; the peer when there is no chain.
IpBytes client_of(const FieldList& fields, const IpBytes& peer, const TrustedHops& hops);

// Of a single X-Forwarded-Proto: "http" or "https"; empty when it is neither.
std::string_view scheme_said(const FieldList& fields);
// The value of this field when it stands exactly once, else empty: of several, nobody can tell
// which hop wrote which.
std::string_view only_value(const FieldList& fields, FieldId id);

}  // namespace sluice::http
