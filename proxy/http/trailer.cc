// Trailer lines: the same rules as for a head's fields, and a list of names that mean something
// only in front of the content.
#include "proxy/http/trailer.h"

#include <cstring>

#include "proxy/http/ascii.h"
#include "proxy/http/fields.h"
#include "proxy/http/scan.h"

namespace sluice::http {
namespace {

// Framing, routing, authentication, modifiers and content description (RFC 9110 6.5.1). The names
// that identify() knows are all of these kinds; the rest stands here.
constexpr std::string_view kHeadOnly[] = {
    "accept-encoding",
    "age",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-range",
    "content-location",
    "expires",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "range",
    "referer",
    "strict-transport-security",
    "vary",
    "warning",
    "www-authenticate",
    "access-control-allow-origin",
    "allow",
    "user-agent",
    "content-disposition",
    "content-security-policy",
    "http2-settings",
    "proxy-status",
};

bool may_be_trailer(std::string_view name) {
    if (identify(name) != FieldId::other) return false;
    for (const std::string_view known : kHeadOnly) {
        if (equals_lower(name, known)) return false;
    }
    return true;
}

bool is_name(std::string_view name) {
    if (name.empty() || name.size() > limits::kFieldNameBytes) return false;
    for (const char c : name) {
        if (!has_class(c, kNameByte)) return false;
    }
    return true;
}

}  // namespace

Reason TrailerSection::add(char c) {
    if (++received_ > bytes_.size()) return Reason::bad_trailer;
    bytes_[kept_ + line_++] = c;
    return Reason::ok;
}

Reason TrailerSection::end_line() {
    constexpr std::string_view kLineEnd = "\r\n";
    const Reason reason = add(kLineEnd.back());
    if (reason != Reason::ok) return reason;
    const std::string_view line(bytes_.data() + kept_, line_);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_name(line.substr(0, colon)))
        return Reason::bad_trailer;
    if (!line.ends_with(kLineEnd) || ++fields_ > limits::kTrailerFields) return Reason::bad_trailer;
    const char* const value = line.data() + colon + 1;
    const char* const end = line.data() + line.size() - kLineEnd.size();
    if (find_control(bytes_.data(), value, end) != end) return Reason::bad_trailer;
    if (may_be_trailer(line.substr(0, colon))) kept_ += line_;
    line_ = 0;
    return Reason::ok;
}

}  // namespace sluice::http
