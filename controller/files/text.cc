// A strict UTF-8 scan (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
#include "controller/files/text.h"

#include <array>

namespace sluice::files {
namespace {

// The length of the well-formed UTF-8 character at the front; 0 = malformed.
size_t character_size(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    size_t size = 0;
    unsigned char least = 0x80;
    unsigned char most = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
        size = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        size = 3;
        if (lead == 0xe0) least = 0xa0;
        if (lead == 0xed) most = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        size = 4;
        if (lead == 0xf0) least = 0x90;
        if (lead == 0xf4) most = 0x8f;
    }
    if (size == 0 || text.size() < size) return 0;
    if (byte(1) < least || byte(1) > most) return 0;
    for (size_t i = 2; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    return size;
}

bool is_forbidden(unsigned char byte) {
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
}

std::string hex(unsigned char byte) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    return {'0', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::optional<model::Problem> find_bad_byte(std::string_view text, const std::string& file) {
    model::Place place{1, 1};
    for (size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const size_t size = character_size(text.substr(i));
        if (size == 0 || is_forbidden(byte)) {
            const std::string what = size == 0 ? " is not UTF-8: save the file as UTF-8"
                                               : " is a control byte: remove it";
            return model::Problem{{file, place}, "", "the byte " + hex(byte) + what};
        }
        if (byte == '\n') {
            ++place.line;
            place.column = 1;
        } else {
            ++place.column;
        }
        i += size;
    }
    return std::nullopt;
}

}  // namespace sluice::files
