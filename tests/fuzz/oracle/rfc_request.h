// One HTTP/1 request as the grammar of RFC 9110, 9112 and 3986 reads it, head and body. No limits
// and no opinions: what the gate refuses beyond the grammar stands in kept_out.h. It shares no code
// with proxy/.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::fuzz {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct RfcRequest {
    enum class Kind {
        incomplete,  // more bytes could still make one
        lawful,      // the grammar derives it, and no rule of the RFCs forbids it
        tolerated,   // outside the grammar, but in a byte that no reader takes for anything else
        ambiguous,   // known servers read it in different ways, or the RFCs say to refuse it
    };
    Kind kind = Kind::ambiguous;
    const char* why = "";  // ambiguous, tolerated

    std::string method;
    std::string target;
    int major = 0;
    int minor = 0;
    Fields fields;                         // in order, values without surrounding blanks
    std::optional<std::string> authority;  // of an absolute-form target
    std::optional<std::string> host;       // the Host field
    std::vector<std::string> codings;      // of Transfer-Encoding, lower case
    std::string length;                    // Content-Length as written
    bool closes = false;                   // no second request on this connection
    size_t head_size = 0;
    size_t longest_size = 0;       // digits of a chunk size
    size_t longest_extension = 0;  // bytes of one chunk's extensions
    bool blank_before_extension = false;
    std::string body;
    Fields trailers;
    size_t size = 0;  // of the whole message

    bool accepted() const { return kind == Kind::lawful || kind == Kind::tolerated; }
    bool chunked() const { return !codings.empty(); }
};

// `bytes` begins with a request; what follows it is not looked at.
RfcRequest read_rfc_request(std::string_view bytes);

// The value of the only field of this name in lower case; nullopt when there is none or several.
std::optional<std::string> only_field(const Fields& fields, std::string_view name);
std::string lower_case(std::string_view text);

}  // namespace sluice::fuzz
