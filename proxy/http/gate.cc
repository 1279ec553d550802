// The gate's rules over fields. Where two readings of a message are possible it is refused, never
// repaired.
#include "proxy/http/gate.h"

#include "proxy/http/ascii.h"
#include "proxy/http/ip_text.h"
#include "proxy/http/rule.h"
#include "table/limits.h"

namespace sluice::http {
namespace {

std::string_view lower_case(std::string_view text, Scratch& scratch) {
    char* place = scratch.take(text.size());
    if (place == nullptr) return {};
    for (size_t i = 0; i < text.size(); ++i) place[i] = to_lower(text[i]);
    return {place, text.size()};
}

bool has_upper_case(std::string_view text) {
    for (const char c : text) {
        if (has_class(c, kUpperByte)) return true;
    }
    return false;
}

// Bytes of the name at the front of `text`: letters, digits, '-', '_' and single dots between them.
// 0 when there is none. `upper` comes out true when a letter must be lowered.
size_t measure_name(std::string_view text, bool& upper) {
    size_t size = 0;
    uint8_t classes = 0;
    bool after_dot = true;
    for (; size < text.size() && has_class(text[size], kHostByte); ++size) {
        const bool dot = text[size] == '.';
        if (dot && after_dot) return 0;
        after_dot = dot;
        classes |= detail::kClasses[static_cast<uint8_t>(text[size])];
    }
    upper = (classes & kUpperByte) != 0;
    return size;
}

// Without its rule: the first digits of a length, as a careless reader finds them.
Length first_number(std::string_view text) {
    constexpr size_t kSafeDigits = 18;
    uint64_t value = 0;
    size_t digits = 0;
    for (const char c : text) {
        if (!detail::is_digit(c) && digits != 0) break;
        if (!detail::is_digit(c)) continue;
        if (++digits > kSafeDigits) break;
        value = value * 10 + static_cast<uint64_t>(c - '0');
    }
    return {.value = value};
}

Authority refused_host(Reason reason = Reason::bad_host) {
    return {.host = {}, .reason = reason};
}

}  // namespace

Length parse_content_length(std::string_view text) {
    constexpr size_t kMostDigits = 19;  // 10^19 still fits 64 bits
    if (text.empty() || (text.front() == '0' && text.size() > 1)) {
        return {.value = 0, .reason = Reason::bad_content_length};
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        if (!detail::is_digit(text[i])) return {.value = 0, .reason = Reason::bad_content_length};
        if (i < kMostDigits) value = value * 10 + static_cast<uint64_t>(text[i] - '0');
    }
    if (text.size() > kMostDigits || value > limits::kBodyBytes) {
        return {.value = value, .reason = Reason::body_too_large};
    }
    return {.value = value};
}

Authority parse_authority(std::string_view text, Scratch& scratch) {
    size_t size = 0;
    bool upper = false;
    std::string_view host;
    if (text.starts_with('[')) {
        IpBytes address;
        const size_t bracket = text.find(']');
        if (bracket == std::string_view::npos ||
            !parse_ipv6(text.substr(1, bracket - 1), address)) {
            return refused_host();
        }
        size = bracket + 1;
        host = text.substr(0, size);
        upper = has_upper_case(host);
    } else {
        size = measure_name(text, upper);
        host = text.substr(0, size);
        if (host.ends_with('.')) host.remove_suffix(1);
        if (host.empty() || host.size() > limits::kHostBytes) return refused_host();
    }
    const std::string_view rest = text.substr(size);
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return refused_host();
    if (upper) host = lower_case(host, scratch);
    if (host.data() == nullptr) return refused_host(Reason::head_too_large);
    return {.host = host};
}

Reason Gate::check(FieldId id, std::string_view value) {
    switch (id) {
        case FieldId::content_length:
            return check_content_length(value);
        case FieldId::transfer_encoding:
            return check_transfer_encoding(value);
        case FieldId::connection:
            read_connection(value);
            return Reason::ok;
        case FieldId::upgrade:
            has_upgrade_ = true;
            return Reason::ok;
        default:
            break;
    }
    if (!is_request_) return Reason::ok;
    if (id == FieldId::host) return check_host(value);
    if (id == FieldId::expect) return check_expect(value);
    while (id == FieldId::te && !value.empty()) {
        if (equals_lower(take_element(value), "trailers")) accepts_trailers_ = true;
    }
    return Reason::ok;
}

Reason Gate::check_content_length(std::string_view value) {
    if (is_chunked_ && enforced(GateRule::framing_conflict)) return Reason::framing_conflict;
    if (has_length_ && enforced(GateRule::length_repeated)) return Reason::bad_content_length;
    Length length = parse_content_length(value);
    if (length.reason == Reason::bad_content_length && !enforced(GateRule::length_form)) {
        length = first_number(value);
    }
    has_length_ = true;
    length_ = length.value;
    return enforced(GateRule::length_limit) ? length.reason : Reason::ok;
}

Reason Gate::check_transfer_encoding(std::string_view value) {
    if (has_length_ && enforced(GateRule::framing_conflict)) return Reason::framing_conflict;
    const bool refused = (is_chunked_ && enforced(GateRule::coding_repeated)) ||
                         (minor_ == 0 && enforced(GateRule::coding_on_1_0));
    const bool exact = equals_lower(value, "chunked");
    if (refused || (!exact && enforced(GateRule::coding_exact))) {
        return Reason::bad_transfer_encoding;
    }
    is_chunked_ = exact || value.find("chunked") != std::string_view::npos;
    return Reason::ok;
}

Reason Gate::check_host(std::string_view value) {
    if (has_host_ && enforced(GateRule::host_repeated)) return Reason::host_repeated;
    has_host_ = true;
    authority_ = value;
    return Reason::ok;
}

Reason Gate::check_expect(std::string_view value) {
    const bool known = equals_lower(value, "100-continue");
    if ((expects_continue_ || !known) && enforced(GateRule::expectation)) {
        return Reason::bad_expectation;
    }
    expects_continue_ = known;
    return Reason::ok;
}

void Gate::read_connection(std::string_view value) {
    while (!value.empty()) {
        const std::string_view option = take_element(value);
        if (equals_lower(option, "close")) says_close_ = true;
        if (equals_lower(option, "keep-alive")) says_keep_alive_ = true;
        if (equals_lower(option, "upgrade")) says_upgrade_ = true;
    }
}

bool Gate::allows_reuse() const {
    return !says_close_ && (minor_ == 1 || says_keep_alive_);
}

Reason Gate::judge_authority(RequestHead& head, Scratch& scratch) {
    head.authority = authority_;
    if (!has_host_ && authority_.empty()) return Reason::ok;
    const Authority authority = parse_authority(authority_, scratch);
    if (authority.reason == Reason::bad_host && !enforced(GateRule::host_form)) return Reason::ok;
    head.host = authority.host;
    return authority.reason;
}

Reason Gate::finish(RequestHead& head, std::string_view target_authority, Scratch& scratch) {
    if (!has_host_ && minor_ == 1 && enforced(GateRule::host_missing)) return Reason::host_missing;
    if (!has_host_) authority_ = target_authority;
    if (!target_authority.empty() && !equal_ignoring_case(target_authority, authority_) &&
        enforced(GateRule::host_mismatch)) {
        return Reason::host_mismatch;
    }
    const Reason reason = judge_authority(head, scratch);
    if (reason != Reason::ok) return reason;
    if (is_chunked_) head.body = {.kind = Framing::chunked};
    if (has_length_) head.body = {.kind = Framing::length, .length = length_};
    const bool has_body = is_chunked_ || length_ != 0;
    head.keep_alive = allows_reuse();
    head.expects_continue = expects_continue_ && minor_ == 1 && has_body;
    head.wants_upgrade = says_upgrade_ && has_upgrade_ && minor_ == 1;
    head.accepts_trailers = accepts_trailers_;
    return Reason::ok;
}

void Gate::finish(ResponseHead& head, bool to_head) {
    constexpr uint16_t kSwitchingProtocols = 101;
    constexpr uint16_t kNoContent = 204;
    constexpr uint16_t kNotModified = 304;
    const bool never_has_body = head.interim() || head.status == kNoContent;
    head.keep_alive = allows_reuse() && head.status != kSwitchingProtocols;
    if (never_has_body || to_head || head.status == kNotModified) {
        // RFC 9112 6.1 forbids a coding or a length here: whoever states one may send the bytes
        // too.
        const bool states_one = is_chunked_ || length_ != 0;
        if (never_has_body && states_one && enforced(GateRule::forbidden_body)) {
            head.keep_alive = false;
        }
        return;
    }
    if (is_chunked_) {
        head.body = {.kind = Framing::chunked};
    } else if (has_length_) {
        head.body = {.kind = Framing::length, .length = length_};
    } else {
        head.body = {.kind = Framing::until_close};
        head.keep_alive = false;
    }
}

}  // namespace sluice::http
