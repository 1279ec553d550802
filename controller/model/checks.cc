// The text rules of the Kubernetes API (names, labels, hosts, ports) and of durations.
#include "controller/model/checks.h"

#include <algorithm>
#include <arpa/inet.h>

namespace sluice::model {
namespace {

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

bool is_label(std::string_view text) {
    if (text.empty() || text.size() > 63) return false;
    if (!is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_lower_alnum(c) || c == '-';
    });
}

bool is_subdomain(std::string_view text) {
    if (text.empty() || text.size() > 253) return false;
    // Kubernetes bounds the whole name only, not each label; this does the same.
    while (true) {
        const size_t dot = text.find('.');
        const std::string_view label = text.substr(0, dot);
        if (label.empty()) return false;
        if (!is_lower_alnum(label.front()) || !is_lower_alnum(label.back())) return false;
        const bool plain = std::all_of(label.begin(), label.end(), [](char c) {
            return is_lower_alnum(c) || c == '-';
        });
        if (!plain) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

// Letters, digits, '-', '_', '.'; begins and ends with a letter or digit; at most 63.
bool is_name_part(std::string_view text) {
    if (text.empty() || text.size() > 63) return false;
    if (!is_alnum(text.front()) || !is_alnum(text.back())) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_alnum(c) || c == '-' || c == '_' || c == '.';
    });
}

bool parses_as(int family, std::string_view text) {
    unsigned char address[sizeof(in6_addr)];
    if (text.size() >= INET6_ADDRSTRLEN) return false;
    // inet_pton stops at a NUL and would take what stands before it.
    if (text.find('\0') != std::string_view::npos) return false;
    return inet_pton(family, std::string(text).c_str(), address) == 1;
}

}  // namespace

bool is_ipv4(std::string_view text) {
    return parses_as(AF_INET, text);
}
bool is_ipv6(std::string_view text) {
    return parses_as(AF_INET6, text);
}

Complaint check_any(std::string_view) {
    return {};
}

Complaint check_not_empty(std::string_view text) {
    return text.empty() ? "must not be empty" : Complaint{};
}

Complaint check_dns_label(std::string_view text) {
    if (is_label(text)) return {};
    return "must be a DNS label: at most 63 lower-case letters, digits and '-', beginning and "
           "ending with "
           "a letter or digit";
}

Complaint check_dns_subdomain(std::string_view text) {
    if (is_subdomain(text)) return {};
    return "must be a DNS name: at most 253 lower-case letters, digits, '-' and '.', each part "
           "beginning "
           "and ending with a letter or digit";
}

Complaint check_plain_host(std::string_view text) {
    if (is_ipv4(text) || is_ipv6(text)) return "must be a DNS name, not an IP address";
    if (text.find('*') != std::string_view::npos) return "must not hold a wildcard: name one host";
    return check_dns_subdomain(text);
}

Complaint check_host(std::string_view text) {
    if (!text.starts_with("*.")) {
        if (text.find('*') == std::string_view::npos) return check_plain_host(text);
        return "must hold '*' only as its whole first label, as in *.example.com";
    }
    if (is_subdomain(text.substr(2)) && text.size() <= 253) return {};
    return "must be '*.' and a DNS name in lower case, as in *.example.com";
}

Complaint check_port_name(std::string_view text) {
    constexpr Complaint kComplaint =
        "must be a port name: at most 15 lower-case letters, digits and single '-', with at least "
        "one "
        "letter; a port number is written without quotes";
    if (text.size() > 15 || !is_label(text)) return kComplaint;
    if (text.find("--") != std::string_view::npos) return kComplaint;
    const bool letter =
        std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    return letter ? Complaint{} : kComplaint;
}

Complaint check_qualified_name(std::string_view text) {
    const size_t slash = text.find('/');
    const bool prefixed = slash != std::string_view::npos;
    const std::string_view name = prefixed ? text.substr(slash + 1) : text;
    if (is_name_part(name) && (!prefixed || is_subdomain(text.substr(0, slash)))) return {};
    return "must be a qualified name: an optional DNS prefix and '/', then at most 63 letters, "
           "digits, "
           "'-', '_' and '.'";
}

Complaint check_label_value(std::string_view text) {
    if (text.empty() || is_name_part(text)) return {};
    return "must be a label value: at most 63 letters, digits, '-', '_' and '.', beginning and "
           "ending "
           "with a letter or digit";
}

Complaint check_controller_name(std::string_view text) {
    const size_t slash = text.find('/');
    const bool parts = slash != std::string_view::npos && slash + 1 < text.size();
    if (parts && text.size() <= 250 && is_subdomain(text.substr(0, slash))) return {};
    return "must be a domain and a path, as in sluice.dev/ingress-controller";
}

Complaint check_timestamp(std::string_view text) {
    constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
    constexpr Complaint kComplaint = "must be a time in UTC, as in 2026-01-31T10:00:00Z";
    if (text.size() < kShape.size() + 1 || text.back() != 'Z') return kComplaint;
    for (size_t i = 0; i < kShape.size(); ++i) {
        if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return kComplaint;
    }
    const std::string_view rest = text.substr(kShape.size(), text.size() - kShape.size() - 1);
    if (rest.empty()) return {};
    const bool fraction = rest.size() > 1 && rest.size() <= 10 && rest[0] == '.' &&
                          std::all_of(rest.begin() + 1, rest.end(), is_digit);
    return fraction ? Complaint{} : kComplaint;
}

Complaint check_absolute_path(std::string_view text) {
    if (!text.starts_with('/')) return "must begin with '/'";
    for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F"}) {
        if (text.find(part) == std::string_view::npos) continue;
        return "must not hold '//', '/./', '/../' or an encoded slash: write the path as it is "
               "matched";
    }
    if (text.ends_with("/..") || text.ends_with("/.")) return "must not end with '/.' or '/..'";
    return {};
}

std::optional<int64_t> parse_duration_ms(std::string_view text) {
    int64_t total = 0;
    if (text.empty()) return std::nullopt;
    for (int parts = 0; !text.empty(); ++parts) {
        size_t digits = 0;
        int64_t amount = 0;
        while (digits < text.size() && is_digit(text[digits])) {
            if (digits == 5) return std::nullopt;
            amount = amount * 10 + (text[digits++] - '0');
        }
        if (digits == 0 || parts == 4) return std::nullopt;
        text.remove_prefix(digits);
        int64_t unit_ms = 0;
        size_t unit_size = 1;
        if (text.starts_with("ms")) {
            unit_ms = 1;
            unit_size = 2;
        } else if (text.starts_with('s')) {
            unit_ms = 1000;
        } else if (text.starts_with('m')) {
            unit_ms = 60 * 1000;
        } else if (text.starts_with('h')) {
            unit_ms = 3600 * 1000;
        } else {
            return std::nullopt;
        }
        text.remove_prefix(unit_size);
        total += amount * unit_ms;
    }
    return total;
}

std::string in_quotes(std::string_view text) {
    constexpr size_t kShown = 80;
    constexpr char kHex[] = "0123456789abcdef";
    size_t shown = std::min(kShown, text.size());
    // Never cut a UTF-8 character in two.
    while (shown > 0 && shown < text.size() && (text[shown] & 0xc0) == 0x80) --shown;
    std::string out = "\"";
    for (const char c : text.substr(0, shown)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        } else {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    if (shown < text.size()) out += "…";
    return out + '"';
}

}  // namespace sluice::model
