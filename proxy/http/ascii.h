// What each byte may be used for, without locale: one table of class bits, and comparison of text
// that ignores ASCII case. Private to proxy/http.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::http {

enum ByteClass : uint8_t {
    kTokenByte = 1,    // RFC 9110 5.6.2 tchar
    kNameByte = 2,     // tchar without '_', which some origins read as '-'
    kHostByte = 4,     // letters, digits, '-', '.', '_'
    kUpperByte = 8,    // A..Z
    kPlainByte = 16,   // RFC 3986 2.3 unreserved
    kVisibleByte = 32  // 0x21..0x7e
};

namespace detail {

consteval bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

consteval std::array<uint8_t, 256> make_classes() {
    std::array<uint8_t, 256> classes{};
    constexpr std::string_view kTokenMarks = "!#$%&'*+-.^_`|~";
    for (int c = 0x21; c < 0x7f; ++c) {
        const bool alphanumeric = is_letter(c) || is_digit(c);
        const auto mark = static_cast<char>(c);
        uint8_t bits = kVisibleByte;
        if (alphanumeric || kTokenMarks.find(mark) != std::string_view::npos) {
            bits |= c == '_' ? kTokenByte : kTokenByte | kNameByte;
        }
        if (alphanumeric || c == '-' || c == '.' || c == '_') bits |= kHostByte | kPlainByte;
        if (c == '~') bits |= kPlainByte;
        if (c >= 'A' && c <= 'Z') bits |= kUpperByte;
        classes[static_cast<size_t>(c)] = bits;
    }
    return classes;
}

inline constexpr std::array<uint8_t, 256> kClasses = make_classes();

template <typename Word>
inline Word load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

// Letters have bit 0x40, digits and '-' have not: only letters of `lower` may differ in case.
template <typename Word>
inline bool same_word(const char* text, const char* lower) {
    const Word wanted = load<Word>(lower);
    const Word letters = wanted & static_cast<Word>(0x4040404040404040ull);
    return (load<Word>(text) | (letters >> 1)) == wanted;
}

}  // namespace detail

inline bool has_class(char c, uint8_t classes) {
    return (detail::kClasses[static_cast<uint8_t>(c)] & classes) != 0;
}

constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// Value of a hex digit, or -1.
constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

// Exact for `lower` made of a..z, 0..9 and '-' alone; whole words at a time.
inline bool equals_lower(std::string_view text, std::string_view lower) {
    const size_t size = text.size();
    if (size != lower.size()) return false;
    const char* a = text.data();
    const char* b = lower.data();
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8) {
            if (!detail::same_word<uint64_t>(a + i, b + i)) return false;
        }
        return detail::same_word<uint64_t>(a + size - 8, b + size - 8);
    }
    if (size >= 4) {
        return detail::same_word<uint32_t>(a, b) &&
               detail::same_word<uint32_t>(a + size - 4, b + size - 4);
    }
    for (size_t i = 0; i < size; ++i) {
        if (to_lower(a[i]) != b[i]) return false;
    }
    return true;
}

// Takes the next element of a comma-separated list off the front of `list`, without its blanks (RFC
// 9110 5.6.1). Empty elements come out as empty views.
inline std::string_view take_element(std::string_view& list) {
    const size_t comma = list.find(',');
    std::string_view element = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (!element.empty() && is_blank(element.front())) element.remove_prefix(1);
    while (!element.empty() && is_blank(element.back())) element.remove_suffix(1);
    return element;
}

}  // namespace sluice::http
