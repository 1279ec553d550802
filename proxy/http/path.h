// The one canonical form of a path: matched, rewritten and forwarded alike, so no two parts of the
// system see different paths. Unreserved characters are decoded, hex digits upper case, "." and
// ".." resolved, repeated slashes merged. Refused (bad_path): encoded or plain backslash, encoded
// slash or NUL or control, "..;" and
// ".;" segments, a ".." above the root, more than limits::kPathSegments segments, a broken escape.
#pragma once

#include <string_view>

#include "proxy/http/message.h"
#include "table/reason.h"

namespace sluice::http {

struct CanonicalPath {
    std::string_view path;  // `raw` itself when nothing had to change
    bool changed = false;
    Reason reason = Reason::ok;
};

// `raw` starts with '/' and has no '?' or '#'. Total; allocates only from `scratch`.
CanonicalPath canonical_path(std::string_view raw, Scratch& scratch);

}  // namespace sluice::http
