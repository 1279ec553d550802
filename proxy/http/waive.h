// What the head parser passes over where a rule is switched off (rule.h), and nothing where all are
// enforced: there each of these is the plain scan. Private to proxy/http.
#pragma once

#include <cstddef>
#include <string_view>

#include "proxy/http/ascii.h"
#include "proxy/http/rule.h"
#include "proxy/http/scan.h"

namespace sluice::http {

// A byte that does not end its part of a request line.
inline bool is_inside(char c) {
    return c != ' ' && c != '\r' && c != '\n';
}

inline bool may_be_in_method(char c) {
    return has_class(c, kTokenByte) || (!enforced(GateRule::method_token) && is_inside(c));
}

// To the first byte of `marks`; false: it has not come.
inline bool skip_until(Cursor& in, std::string_view marks) {
    while (in.at < in.end && marks.find(*in.at) == std::string_view::npos) ++in.at;
    return in.at < in.end;
}

// Over a whole line; false: its end has not come.
inline bool skip_line(Cursor& in) {
    if (!skip_until(in, "\n")) return false;
    ++in.at;
    return true;
}

// Goes on where scan_target stopped at a byte that no target may hold.
inline void scan_further(TargetScan& scan, const char* end) {
    while (!enforced(GateRule::target_bytes) && scan.stop < end && is_inside(*scan.stop)) {
        const TargetScan rest = scan_target(scan.stop + 1, end);
        if (scan.question == nullptr) scan.question = rest.question;
        scan.stop = rest.stop;
    }
}

inline bool name_goes_on(char c) {
    if (c == '_') return !enforced(GateRule::field_underscore);
    return !enforced(GateRule::field_name) && c != ':' && c != '\r' && c != '\n';
}
inline bool value_goes_on(const char* at, const char* end) {
    if (*at == '\n') return false;
    if (*at != '\r') return !enforced(GateRule::field_value);
    return !enforced(GateRule::bare_return) && end - at > 1 && at[1] != '\n';
}

inline const char* scan_name(const char* at, const char* end) {
    at = find_name_end(at, end);
    while (at < end && name_goes_on(*at)) at = find_name_end(at + 1, end);
    return at;
}
inline const char* scan_value(const char* begin, const char* at, const char* end) {
    at = find_control(begin, at, end);
    while (at < end && value_goes_on(at, end)) at = find_control(begin, at + 1, end);
    return at;
}

}  // namespace sluice::http
