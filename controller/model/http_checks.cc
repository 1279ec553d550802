// The text rules of HTTP: header names and values, and which headers a filter may change.
#include <algorithm>
#include <array>
#include <utility>

#include "controller/model/checks.h"

namespace sluice::model {
namespace {

bool is_token_byte(char c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

bool same_header(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) {
        return lower(x) == lower(y);
    });
}

constexpr Complaint kFraming =
    "frames the message: Sluice writes it itself from the body that it relays; leave it out";
constexpr Complaint kHop =
    "belongs to one connection, not to the request: Sluice writes it itself; leave it out";

// RFC 9110 7.6.1, 9112 6 and 3.2: changing one of these would break framing or routing.
constexpr std::array<std::pair<std::string_view, Complaint>, 10> kFixedHeaders{{
    {"connection", kHop},
    {"keep-alive", kHop},
    {"proxy-connection", kHop},
    {"upgrade", kHop},
    {"te", kHop},
    {"trailer", kFraming},
    {"transfer-encoding", kFraming},
    {"content-length", kFraming},
    {"host", "names the host that was asked for: use a URLRewrite filter's urlRewrite.hostname"},
    {"expect", kHop},
}};

}  // namespace

Complaint check_printable(std::string_view text) {
    if (text.empty()) return "must not be empty";
    if (std::any_of(text.begin(), text.end(), is_control)) return "must not hold control bytes";
    return {};
}

Complaint check_header_name(std::string_view text) {
    if (!text.empty() && std::all_of(text.begin(), text.end(), is_token_byte)) return {};
    return "must be a header name: letters, digits and any of !#$%&'*+-.^_`|~";
}

Complaint check_header_value(std::string_view text) {
    const bool clean =
        std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || !is_control(c); });
    if (!clean) return "must not hold line ends or other control bytes";
    if (text.empty()) return {};
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    if (blank(text.front()) || blank(text.back())) {
        return "must not begin or end with a blank: HTTP drops it";
    }
    return {};
}

Complaint check_editable_header(std::string_view text) {
    if (const Complaint complaint = check_header_name(text); !complaint.empty()) return complaint;
    for (const auto& [name, complaint] : kFixedHeaders) {
        if (same_header(name, text)) return complaint;
    }
    return {};
}

}  // namespace sluice::model
