// Who may see the pages that tell names and rules (design 10.15): the unix socket's peers, and who
// sends the token.
#pragma once

#include <optional>
#include <string>

#include "proxy/steward/page.h"

namespace sluice::steward {

// The refusal; nothing when the request may. `token_file` is read at each request, so a token can
// be changed while we run; "" = none is configured.
std::optional<Response> refuse_stranger(const Request& request, const std::string& token_file);

}  // namespace sluice::steward
