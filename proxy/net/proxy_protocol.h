// The PROXY protocol's header, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a load
// balancer sends first to tell whose connection it passes on. Bytes in, addresses out; no I/O, no
// state: a caller that was told need_more comes back with the same bytes and more behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/net/address.h"

namespace sluice::net {

enum class ProxyParse : uint8_t {
    complete,
    need_more,  // what is there may still become a header
    refused,    // it never will; no bytes behind it change that
};

struct ProxyHeader {
    ProxyParse state = ProxyParse::refused;
    // Both addresses are set. Otherwise (LOCAL, UNKNOWN, a family or protocol other than TCP over
    // IP) the connection speaks for itself.
    bool relayed = false;
    size_t size = 0;  // complete: bytes of the header; what stands behind them is the client's
    Address source{};
    Address destination{};
};

// `bytes` is all that the connection has brought so far. Looks at no more than the header and at
// most at limits::kProxyHeaderBytes. A CRC32C among the extensions of a version 2 header is
// verified where its addresses are believed; the other extensions are skipped.
ProxyHeader parse_proxy_header(std::string_view bytes);

// The checksum of that extension (RFC 4960, appendix B), for who makes such headers.
uint32_t crc32c(std::string_view bytes);

}  // namespace sluice::net
