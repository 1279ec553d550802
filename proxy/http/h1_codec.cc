// The head parser: one walk from left to right that refuses at the first byte which no lawful head
// has there. It is a strict hand parser (docs/decisions/0003-own-head-parser.md) that is fuzzed
// against Beast's. Whatever it says about a prefix holds for the whole: more bytes never change a
// refusal.
#include "proxy/http/h1_codec.h"

#include "proxy/http/gate.h"
#include "proxy/http/path.h"
#include "proxy/http/rule.h"
#include "proxy/http/scan.h"
#include "proxy/http/waive.h"

namespace sluice::http {
namespace {

constexpr Parsed kComplete{Parse::complete};
constexpr Parsed kMore{Parse::need_more};
constexpr Parsed refuse(Reason reason) {
    return {Parse::refused, reason};
}

constexpr std::string_view kCrLf = "\r\n";
constexpr std::string_view kVersionPrefix = "HTTP/1.";
constexpr size_t kVersionBytes = 8;

size_t left(const Cursor& in) {
    return static_cast<size_t>(in.end - in.at);
}
std::string_view text(const char* from, const char* to) {
    return {from, static_cast<size_t>(to - from)};
}

// CR LF at in.at, where something else is `otherwise`.
Parsed take_line_end(Cursor& in, Reason otherwise) {
    if (in.at == in.end) return kMore;
    if (*in.at == '\n') {
        if (enforced(GateRule::bare_line_feed)) return refuse(Reason::bad_line_end);
        ++in.at;
        return kComplete;
    }
    if (*in.at != '\r') return refuse(otherwise);
    if (left(in) < kCrLf.size()) return kMore;
    if (in.at[1] != '\n') return refuse(Reason::bad_line_end);
    in.at += kCrLf.size();
    return kComplete;
}

// What stands in a version's place is none of ours, which breaks `rule`. `line`: request_line or
// status_line.
Parsed judge_version(Cursor& in, GateRule rule, GateRule line) {
    const bool is_request = line == GateRule::request_line;
    if (!enforced(rule)) return skip_until(in, is_request ? "\r\n" : " \r\n") ? kComplete : kMore;
    if (rule == GateRule::version) return refuse(Reason::bad_version);
    return refuse(is_request ? Reason::bad_request_line : Reason::bad_status_line);
}

// "HTTP/1.0" or "HTTP/1.1" on a line of that rule.
Parsed take_version(Cursor& in, uint8_t& minor, GateRule line) {
    const size_t have = left(in) < kVersionBytes ? left(in) : kVersionBytes;
    constexpr size_t kProtocolBytes = 5;  // "HTTP/"
    for (size_t i = 0; i < have && i < kVersionPrefix.size(); ++i) {
        if (in.at[i] == kVersionPrefix[i]) continue;
        return judge_version(in, i < kProtocolBytes ? line : GateRule::version, line);
    }
    if (have < kVersionBytes) return kMore;
    const char digit = in.at[kVersionPrefix.size()];
    if (digit != '0' && digit != '1') return judge_version(in, GateRule::version, line);
    minor = static_cast<uint8_t>(digit - '0');
    in.at += kVersionBytes;
    return kComplete;
}

struct Method {
    std::string_view name;
    bool is_idempotent;
};
// RFC 9110 9 and RFC 5789; the frequent ones first.
constexpr Method kMethods[] = {
    {"GET", true},
    {"POST", false},
    {"PUT", true},
    {"HEAD", true},
    {"PATCH", false},
    {"DELETE", true},
    {"OPTIONS", true},
    {"CONNECT", false},
    {"TRACE", true},
};

Reason judge_method(RequestHead& head) {
    for (const Method& known : kMethods) {
        if (head.method != known.name) continue;
        head.is_idempotent = known.is_idempotent;
        head.is_head = head.method == "HEAD";
        const bool refused = head.method == "CONNECT" && enforced(GateRule::method_connect);
        return refused ? Reason::connect_unsupported : Reason::ok;
    }
    // Methods are case-sensitive; a server that does not know that would see another method than we
    // do.
    for (const Method& known : kMethods) {
        if (!equal_ignoring_case(head.method, known.name)) continue;
        return enforced(GateRule::method_case) ? Reason::bad_method : Reason::ok;
    }
    return Reason::ok;
}

Parsed take_method(Cursor& in, RequestHead& head) {
    while (!enforced(GateRule::leading_line) && text(in.at, in.end).starts_with(kCrLf)) in.at += 2;
    const char* start = in.at;
    while (in.at < in.end && may_be_in_method(*in.at)) ++in.at;
    head.method = text(start, in.at);
    if (head.method.size() > limits::kMethodBytes && enforced(GateRule::method_length)) {
        return refuse(Reason::bad_method);
    }
    if (in.at == in.end) return kMore;
    if (*in.at == '\r' || *in.at == '\n') return refuse(Reason::bad_request_line);
    if (*in.at != ' ' || head.method.empty()) return refuse(Reason::bad_method);
    ++in.at;
    const Reason reason = judge_method(head);
    return reason == Reason::ok ? kComplete : refuse(reason);
}

// Splits an absolute-form target. What follows the authority starts at the returned offset; 0 = not
// http(s).
size_t absolute_path_offset(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        const size_t end = target.find_first_of("/?", scheme.size());
        return end == std::string_view::npos ? target.size() : end;
    }
    return 0;
}

// The four forms of RFC 9112 3.2, less authority-form, which only CONNECT has.
struct Target {
    std::string_view raw_path;
    std::string_view authority;  // absolute-form only
    bool plain_path = false;     // known to be canonical
};

// A target of no known form: none, or without its rule one that stands for everything.
Reason judge_form(RequestHead& head) {
    if (enforced(GateRule::target_form)) return Reason::bad_target;
    head.path = "/";
    return Reason::ok;
}

Reason split_target(RequestHead& head, const TargetScan& scan, Target& out) {
    const std::string_view target = head.target;
    size_t path_at = 0;
    if (target.front() != '/') {
        if (target == "*") {
            head.path = target;
            return head.method == "OPTIONS" ? Reason::ok : judge_form(head);
        }
        path_at = absolute_path_offset(target);
        if (path_at == 0) return judge_form(head);
        const size_t authority_at = target.find("//") + 2;
        out.authority = target.substr(authority_at, path_at - authority_at);
        if (out.authority.empty()) return judge_form(head);
        head.target_is_canonical = false;
    }
    size_t path_end = target.size();
    if (scan.question != nullptr) {
        path_end = static_cast<size_t>(scan.question - target.data());
        head.has_query = true;
        head.query = target.substr(path_end + 1);
    }
    out.raw_path = target.substr(path_at, path_end - path_at);
    out.plain_path = path_at == 0 && scan.plain && path_end <= limits::kPathSegments;
    if (out.raw_path.empty()) {
        // RFC 9112 3.2.4: OPTIONS for a whole server, said in absolute form.
        head.path = head.method == "OPTIONS" && !head.has_query ? "*" : "/";
    }
    return Reason::ok;
}

Parsed take_target(Cursor& in, RequestHead& head, TargetScan& scan) {
    const char* start = in.at;
    scan = scan_target(in.at, in.end);
    scan_further(scan, in.end);
    in.at = scan.stop;
    head.target = text(start, in.at);
    if (head.target.size() > limits::kTargetBytes && enforced(GateRule::target_length)) {
        return refuse(Reason::target_too_long);
    }
    if (in.at == in.end) return kMore;
    if (*in.at == '\r' || *in.at == '\n') {
        const bool refused = enforced(GateRule::request_line) || head.target.empty();
        return refused ? refuse(Reason::bad_request_line) : kComplete;
    }
    if (*in.at != ' ' || head.target.empty()) return refuse(Reason::bad_target);
    ++in.at;
    return kComplete;
}

// Chooses the canonical path once the whole request line is there.
Reason settle_target(
    RequestHead& head, const TargetScan& scan, Scratch& scratch, std::string_view& authority
) {
    Target target;
    const Reason reason = split_target(head, scan, target);
    if (reason != Reason::ok) return reason;
    authority = target.authority;
    if (target.plain_path) {
        head.path = target.raw_path;
        return Reason::ok;
    }
    if (!head.path.empty()) return Reason::ok;
    const CanonicalPath canonical = canonical_path(target.raw_path, scratch);
    if (canonical.changed) head.target_is_canonical = false;
    head.path = canonical.path;
    return canonical.reason;
}

// A field line that has no colon after its name.
Parsed judge_name_end(Cursor& in, const char* at) {
    if (*at == '\n') return take_line_end(in, Reason::bad_line_end);
    if (at == in.at && is_blank(*at)) {
        if (enforced(GateRule::folding)) return refuse(Reason::folded_field);
        return skip_line(in) ? kComplete : kMore;
    }
    if (*at == '\r' && !enforced(GateRule::field_colon)) return skip_line(in) ? kComplete : kMore;
    return refuse(Reason::bad_field_name);
}

// One field line, its line end included.
Parsed take_field(Cursor& in, FieldList& fields, Gate& gate) {
    const char* const start = in.at;
    const char* const at = scan_name(start, in.end);
    const std::string_view name = text(start, at);
    if (name.size() > limits::kFieldNameBytes && enforced(GateRule::field_name_length)) {
        return refuse(Reason::head_too_large);
    }
    if (at == in.end) return kMore;
    if (*at != ':' || name.empty()) return judge_name_end(in, at);
    // A last dot is cut off by some origins: "x-real-ip." would be taken for ours.
    if (name.back() == '.' && enforced(GateRule::field_name)) {
        return refuse(Reason::bad_field_name);
    }
    const char* value = at + 1;
    while (value < in.end && is_blank(*value)) ++value;
    const char* const stop = scan_value(in.begin, value, in.end);
    if (static_cast<size_t>(stop - value) > limits::kFieldValueBytes &&
        enforced(GateRule::field_value_length)) {
        return refuse(Reason::head_too_large);
    }
    in.at = stop;
    if (in.end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n') {
        in.at += kCrLf.size();
    } else {
        const Parsed end = take_line_end(in, Reason::bad_field_value);
        if (end.state != Parse::complete) return end;
    }
    const char* last = stop;
    while (last > value && is_blank(last[-1])) --last;
    const FieldId id = identify(name);
    // Field::verbatim() finds out whether other blanks stood there; a tab only shows here.
    const auto line_bytes = at[1] == ' ' ? static_cast<uint32_t>(in.at - start) : 0;
    if (!fields.add(name, text(value, last), id, line_bytes))
        return refuse(Reason::too_many_fields);
    if (!Gate::cares_about(id)) return kComplete;
    const Reason reason = gate.check(id, text(value, last));
    return reason == Reason::ok ? kComplete : refuse(reason);
}

Parsed take_fields(Cursor& in, FieldList& fields, Gate& gate) {
    for (;;) {
        if (in.at == in.end) return kMore;
        if (*in.at == '\r') return take_line_end(in, Reason::bad_line_end);
        if (*in.at == '\n' && !enforced(GateRule::bare_line_feed)) {
            return take_line_end(in, Reason::bad_line_end);
        }
        if (fields.size() == limits::kHeadFields && enforced(GateRule::field_count)) {
            return refuse(Reason::too_many_fields);
        }
        const Parsed field = take_field(in, fields, gate);
        if (field.state != Parse::complete) return field;
    }
}

Parsed read_request(Cursor& in, Scratch& scratch, RequestHead& head) {
    Parsed step = take_method(in, head);
    if (step.state != Parse::complete) return step;
    TargetScan scan;
    step = take_target(in, head, scan);
    if (step.state != Parse::complete) return step;
    step = take_version(in, head.minor, GateRule::request_line);
    if (step.state != Parse::complete) return step;
    step = take_line_end(in, Reason::bad_version);
    if (step.state != Parse::complete) return step;
    std::string_view target_authority;
    Reason reason = settle_target(head, scan, scratch, target_authority);
    if (reason != Reason::ok) return refuse(reason);
    Gate gate(Gate::Side::request, head.minor);
    step = take_fields(in, head.fields, gate);
    if (step.state != Parse::complete) return step;
    head.size = static_cast<size_t>(in.at - in.begin);
    reason = gate.finish(head, target_authority, scratch);
    return reason == Reason::ok ? kComplete : refuse(reason);
}

// " 200 OK" after the version.
Parsed take_status(Cursor& in, ResponseHead& head) {
    constexpr size_t kStatusBytes = 5;
    for (size_t i = 0; i < kStatusBytes; ++i) {
        if (left(in) == i) return kMore;
        const char c = in.at[i];
        const bool blank = i == 0 || i == kStatusBytes - 1;
        if (blank ? c != ' ' : !detail::is_digit(c)) {
            if (enforced(GateRule::status_line)) return refuse(Reason::bad_status_line);
            head.status = 200;
            return skip_line(in) ? kComplete : kMore;
        }
        if (!blank) head.status = static_cast<uint16_t>(head.status * 10 + (c - '0'));
    }
    if ((head.status < 100 || head.status > 599) && enforced(GateRule::status_range)) {
        return refuse(Reason::bad_status_line);
    }
    const char* phrase = in.at + kStatusBytes;
    in.at = find_control(in.begin, phrase, in.end);
    head.phrase = text(phrase, in.at);
    if (head.phrase.size() > limits::kFieldValueBytes) return refuse(Reason::head_too_large);
    return take_line_end(in, Reason::bad_status_line);
}

Parsed read_response(Cursor& in, bool to_head, ResponseHead& head) {
    Parsed step = take_version(in, head.minor, GateRule::status_line);
    if (step.state != Parse::complete) return step;
    step = take_status(in, head);
    if (step.state != Parse::complete) return step;
    Gate gate(Gate::Side::response, head.minor);
    step = take_fields(in, head.fields, gate);
    if (step.state != Parse::complete) return step;
    head.size = static_cast<size_t>(in.at - in.begin);
    gate.finish(head, to_head);
    return kComplete;
}

void reset(RequestHead& head) {
    head.method = head.target = head.path = head.query = head.authority = head.host = {};
    head.has_query = false;
    head.target_is_canonical = true;
    head.minor = 1;
    head.body = {};
    head.keep_alive = true;
    head.expects_continue = head.wants_upgrade = head.accepts_trailers = false;
    head.is_head = head.is_idempotent = false;
    head.fields.clear();
    head.size = 0;
}

void reset(ResponseHead& head) {
    head.status = 0;
    head.phrase = {};
    head.minor = 1;
    head.body = {};
    head.keep_alive = true;
    head.fields.clear();
    head.size = 0;
}

// Reads a head out of `bytes` with `read`, but not again before there is news (see h1_codec.h on
// `scanned`).
template <typename Read>
Parsed read_head(std::string_view bytes, size_t& scanned, Read read) {
    const bool bounded = enforced(GateRule::head_length);
    const std::string_view window = bounded ? bytes.substr(0, limits::kHeadBytes) : bytes;
    if (scanned == 0 || may_be_whole(window, scanned)) {
        Cursor in{window.data(), window.data(), window.data() + window.size()};
        const Parsed result = read(in);
        if (result.state != Parse::need_more) return result;
        may_be_whole(window, scanned);
    }
    return bounded && window.size() == limits::kHeadBytes ? refuse(Reason::head_too_large) : kMore;
}

}  // namespace

Parsed parse_request(std::string_view bytes, size_t& scanned, Scratch& scratch, RequestHead& head) {
    scratch.reset();
    reset(head);
    return read_head(bytes, scanned, [&](Cursor& in) { return read_request(in, scratch, head); });
}

Parsed parse_response(std::string_view bytes, size_t& scanned, bool to_head, ResponseHead& head) {
    reset(head);
    return read_head(bytes, scanned, [&](Cursor& in) { return read_response(in, to_head, head); });
}

}  // namespace sluice::http
