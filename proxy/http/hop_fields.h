// Which names concern one connection alone, and which must never be called so by a Connection
// field. Private to proxy/http; hop.cc and write.cc read the same sets.
#pragma once

#include "proxy/http/fields.h"

namespace sluice::http {

// RFC 9110 7.6.1, the older names still in use, and Expect, which the gateway answers itself. Proxy
// is no field at all: a CGI program would take it for HTTP_PROXY (CVE-2016-5385).
inline constexpr FieldSet kHopByHop = field_set(
    {FieldId::connection,
     FieldId::expect,
     FieldId::http2_settings,
     FieldId::keep_alive,
     FieldId::proxy,
     FieldId::proxy_authenticate,
     FieldId::proxy_authentication_info,
     FieldId::proxy_authorization,
     FieldId::proxy_connection,
     FieldId::te,
     FieldId::transfer_encoding,
     FieldId::upgrade}
);

// What Connection may name: true hop-by-hop fields and names that no rule of ours looks at.
inline constexpr FieldSet kMayBeNamed = field_set(
    {FieldId::other,
     FieldId::connection,
     FieldId::http2_settings,
     FieldId::keep_alive,
     FieldId::proxy,
     FieldId::proxy_authenticate,
     FieldId::proxy_authentication_info,
     FieldId::proxy_connection,
     FieldId::te,
     FieldId::trailer,
     FieldId::upgrade}
);

// Who the client is said to be; only a gateway may say it.
inline constexpr FieldSet kForwarded = field_set(
    {FieldId::forwarded,
     FieldId::x_forwarded_for,
     FieldId::x_forwarded_host,
     FieldId::x_forwarded_other,
     FieldId::x_forwarded_port,
     FieldId::x_forwarded_prefix,
     FieldId::x_forwarded_proto,
     FieldId::x_forwarded_server,
     FieldId::x_real_ip}
);

}  // namespace sluice::http
