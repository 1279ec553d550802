// Fuzzes the PROXY protocol's header: one verdict for every cut of the same bytes, never past the
// limit, and what is complete means the same whatever stands behind it.
#include "proxy/net/proxy_protocol.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

#include "table/limits.h"

namespace {

using namespace sluice::net;

void require(bool condition) {
    if (!condition) std::abort();
}

// On the heap alone, so that the address sanitizer sees each byte read outside.
ProxyHeader parse(std::string_view bytes) {
    const std::unique_ptr<char[]> copy(new char[bytes.size()]);
    if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
    return parse_proxy_header({copy.get(), bytes.size()});
}

bool same(const ProxyHeader& a, const ProxyHeader& b) {
    return a.state == b.state && a.relayed == b.relayed && a.size == b.size &&
           a.source.bytes == b.source.bytes && a.source.port == b.source.port &&
           a.destination.bytes == b.destination.bytes && a.destination.port == b.destination.port;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const ProxyHeader whole = parse(bytes);
    require(whole.size <= size && whole.size <= sluice::limits::kProxyHeaderBytes);
    require(whole.state != ProxyParse::need_more || size < sluice::limits::kProxyHeaderBytes);
    if (whole.state == ProxyParse::complete)
        require(same(parse(bytes.substr(0, whole.size)), whole));
    bool decided = false;
    for (size_t cut = 0; cut < size; ++cut) {
        const ProxyHeader part = parse(bytes.substr(0, cut));
        if (decided || part.state != ProxyParse::need_more) {
            require(same(part, whole));
            decided = true;
        }
        if (whole.state == ProxyParse::complete) require(decided == (cut >= whole.size));
    }
    return 0;
}
