// Percent-decoding on the fly over the raw query.
#include "proxy/route/query.h"

namespace sluice::route {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The character at `at` of `raw`; moves `at` behind it.
char take_decoded(std::string_view raw, size_t& at) {
    if (raw[at] == '%' && raw.size() - at >= 3) {
        const int high = hex_digit(raw[at + 1]);
        const int low = hex_digit(raw[at + 2]);
        if (high >= 0 && low >= 0) {
            at += 3;
            return static_cast<char>(high * 16 + low);
        }
    }
    return raw[at++];
}

}  // namespace

bool equals_decoded(std::string_view raw, std::string_view text) {
    size_t at = 0;
    for (const char c : text) {
        if (at == raw.size() || take_decoded(raw, at) != c) return false;
    }
    return at == raw.size();
}

size_t decode_percent(std::string_view raw, char* out) {
    size_t length = 0;
    for (size_t at = 0; at < raw.size();) out[length++] = take_decoded(raw, at);
    return length;
}

std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
        const size_t equals = pair.find('=');
        if (!equals_decoded(pair.substr(0, equals), name) || pair.empty()) continue;
        return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    }
    return std::nullopt;
}

}  // namespace sluice::route
