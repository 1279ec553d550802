// What texts of a table may hold, byte by byte.
#include "table/text_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "table/limits.h"

namespace sluice::table {
namespace {

enum Class : uint8_t { kPath = 1, kHost = 2, kToken = 4, kUpper = 8 };

consteval std::array<uint8_t, 256> make_classes() {
    std::array<uint8_t, 256> classes{};
    for (int c = 0x21; c < 0x7f; ++c) {
        const auto byte = static_cast<char>(c);
        const auto is_in = [byte](std::string_view set) { return set.find(byte) != set.npos; };
        const bool upper = c >= 'A' && c <= 'Z';
        uint8_t bits = upper ? kUpper : 0;
        if (!is_in("?#\\")) bits |= kPath;
        if (!is_in("/?#@\\*\"<>^`{|}%") && !upper) bits |= kHost;
        if (!is_in("\"(),/:;<=>?@[\\]{}")) bits |= kToken;
        classes[static_cast<size_t>(c)] = bits;
    }
    return classes;
}

constexpr std::array<uint8_t, 256> kClasses = make_classes();

uint8_t classes_of(char c) {
    return kClasses[static_cast<uint8_t>(c)];
}

bool all_in(std::string_view text, Class wanted) {
    uint8_t common = wanted;
    for (const char c : text) common &= classes_of(c);
    return common != 0;
}

bool has_upper(std::string_view text) {
    uint8_t any = 0;
    for (const char c : text) any |= classes_of(c);
    return (any & kUpper) != 0;
}

}  // namespace

// Without branches, so that it runs at the memory's speed over a whole pool.
bool is_printable(std::string_view text) {
    uint8_t bad = 0;
    for (const char c : text) {
        const auto byte = static_cast<uint8_t>(c);
        const bool control = byte < 0x20;
        const bool not_tab = byte != '\t';
        bad |= static_cast<uint8_t>(control & not_tab) | static_cast<uint8_t>(byte == 0x7f);
    }
    return bad == 0;
}

bool is_path_text(std::string_view text) {
    return all_in(text, kPath);
}

bool is_path(std::string_view text) {
    return text.starts_with('/') && text.size() <= limits::kPathBytes && is_path_text(text);
}

bool is_new_path(std::string_view text) {
    return text.empty() || is_path(text);
}

bool is_host_name(std::string_view text) {
    if (text.size() > limits::kHostBytes) return false;
    if (!text.starts_with('*')) return all_in(text, kHost);
    return text.starts_with("*.") && text.size() > 2 && all_in(text.substr(1), kHost);
}

bool is_authority(std::string_view text) {
    return text.size() <= limits::kHostBytes && all_in(text, kHost);
}

bool is_scheme(std::string_view text) {
    return text.empty() || text == "http" || text == "https";
}

bool is_method(std::string_view text) {
    return !text.empty() && text.size() <= limits::kMethodBytes && all_in(text, kToken);
}

bool is_field_name(std::string_view text) {
    return !text.empty() && text.size() <= limits::kFieldNameBytes && all_in(text, kToken) &&
           !has_upper(text);
}

bool is_field_value(std::string_view text) {
    return text.size() <= limits::kFieldValueBytes && is_printable(text);
}

bool is_redirect_status(unsigned status) {
    constexpr std::array kStatuses{301u, 302u, 303u, 307u, 308u};
    return std::ranges::find(kStatuses, status) != kStatuses.end();
}

}  // namespace sluice::table
