// Reads forward only; every function leaves the place behind what it took.
#include "controller/compile/pattern_text.h"

#include <algorithm>

namespace sluice::compile {
namespace {

bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool PatternText::take(char c) {
    if (at_end() || peek() != c) return false;
    skip();
    return true;
}

std::optional<uint8_t> PatternText::take_character() {
    if (at_end()) return std::nullopt;
    const auto byte = static_cast<uint8_t>(peek());
    if (byte >= 0x80) return std::nullopt;
    skip();
    return byte;
}

std::optional<uint8_t> PatternText::take_escaped() {
    if (at_end()) return std::nullopt;
    const char c = peek();
    if (static_cast<unsigned char>(c) >= 0x80) return std::nullopt;
    skip();
    if (c == 'x') return take_hex();
    constexpr std::string_view kNames = "afnrtv";
    constexpr std::string_view kMeanings = "\a\f\n\r\t\v";
    const size_t named = kNames.find(c);
    if (named != std::string_view::npos) return static_cast<uint8_t>(kMeanings[named]);
    if (is_word(c)) return std::nullopt;
    return static_cast<uint8_t>(c);
}

// "41" or "{41}": a byte, as the proxy matches bytes.
std::optional<uint8_t> PatternText::take_hex() {
    const bool braced = take('{');
    unsigned byte = 0;
    size_t digits = 0;
    for (; digits < 2 && !at_end() && hex_value(peek()) >= 0; ++digits, skip()) {
        byte = byte * 16 + static_cast<unsigned>(hex_value(peek()));
    }
    if (braced ? digits == 0 || !take('}') : digits != 2) return std::nullopt;
    return static_cast<uint8_t>(byte);
}

std::optional<uint64_t> PatternText::take_number(uint64_t most) {
    if (at_end() || !is_digit(peek())) return std::nullopt;
    const bool leading_zero = peek() == '0' && is_digit(peek_next());
    uint64_t number = 0;
    for (; !at_end() && is_digit(peek()); skip()) {
        number = std::min<uint64_t>(number * 10 + static_cast<uint64_t>(peek() - '0'), most + 1);
    }
    if (leading_zero || number > most) return std::nullopt;
    return number;
}

GroupHead PatternText::take_group_head(std::set<std::string>& names) {
    if (starts_with("P<")) {
        skip(2);
        return take_name(names);
    }
    if (starts_with("<") || starts_with("=") || starts_with("!")) {
        return {.fault = "looks ahead or behind: RE2 cannot"};
    }
    constexpr std::string_view kFault = "has a group \"(?\" of an unknown kind";
    bool negated = false;
    size_t flags = 0;
    for (; !at_end(); skip()) {
        const char c = peek();
        if (c == ':' || c == ')') {
            const bool complete = flags > 0 || (c == ':' && !negated);
            if (!complete) return {.fault = kFault};
            skip();
            return {.opens = c == ':'};
        }
        if (c == '-' && !negated) {
            negated = true;
            flags = 0;
            continue;
        }
        if (std::string_view("imsU").find(c) == std::string_view::npos) return {.fault = kFault};
        ++flags;
    }
    return {.fault = "lacks a ')'"};
}

GroupHead PatternText::take_name(std::set<std::string>& names) {
    std::string name;
    for (; !at_end() && is_word(peek()); skip()) name += peek();
    if (name.empty() || !take('>')) return {.fault = "has a group name that is not (?P<word>"};
    if (!names.insert(name).second) return {.fault = "names two groups alike"};
    return {.opens = true};
}

}  // namespace sluice::compile
