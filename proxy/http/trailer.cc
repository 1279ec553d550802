// Trailer lines: the same rules as for a head's fields, and a list of names that mean something
// only in front of the content.
#include "proxy/http/trailer.h"

#include <cstring>

#include "proxy/http/ascii.h"
#include "proxy/http/fields.h"
#include "proxy/http/rule.h"
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
    "proxy-status",
};

bool may_be_trailer(std::string_view name) {
    if (!enforced(GateRule::trailer_head_only)) return true;
    if (identify(name) != FieldId::other) return false;
    for (const std::string_view known : kHeadOnly) {
        if (equals_lower(name, known)) return false;
    }
    return true;
}

bool is_name(std::string_view name) {
    if (!enforced(GateRule::trailer_name)) return true;
    if (name.empty() || name.size() > limits::kFieldNameBytes || name.back() == '.') return false;
    for (const char c : name) {
        if (!has_class(c, kNameByte)) return false;
    }
    return true;
}

constexpr std::string_view kLineEnd = "\r\n";

bool ends_well(std::string_view line) {
    return line.ends_with(kLineEnd) || !enforced(GateRule::trailer_line_end);
}

// `rest`: what stands behind the colon, line end included.
bool has_good_value(std::string_view rest) {
    if (!enforced(GateRule::trailer_value)) return true;
    const size_t end_bytes = rest.ends_with(kLineEnd) ? kLineEnd.size() : 1;
    const char* const end = rest.data() + rest.size() - end_bytes;
    return find_control(rest.data(), rest.data(), end) == end;
}

}  // namespace

Reason TrailerSection::add(char c) {
    const bool full = kept_ + line_ == bytes_.size();
    if (full || (++received_ > bytes_.size() && enforced(GateRule::trailer_length))) {
        return Reason::bad_trailer;
    }
    bytes_[kept_ + line_++] = c;
    return Reason::ok;
}

Reason TrailerSection::end_line() {
    const Reason reason = add('\n');
    if (reason != Reason::ok) return reason;
    const std::string_view line(bytes_.data() + kept_, line_);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) {
        return Reason::bad_trailer;
    }
    if (++fields_ > limits::kTrailerFields && enforced(GateRule::trailer_count)) {
        return Reason::bad_trailer;
    }
    if (!ends_well(line) || !has_good_value(line.substr(colon + 1))) return Reason::bad_trailer;
    if (may_be_trailer(line.substr(0, colon))) kept_ += line_;
    line_ = 0;
    return Reason::ok;
}

}  // namespace sluice::http
