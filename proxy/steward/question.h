// A question to /explain as the head that a client would send.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace sluice::steward {

// The bytes of the request head, blank line included; HTTP/1.1 and GET unless said. What the gate
// refuses stays in it, so that the gate can say so; only what would end a line early cannot be
// asked. Error: the sentence for people.
tl::expected<std::string, std::string> head_asked(std::string_view query);

}  // namespace sluice::steward
