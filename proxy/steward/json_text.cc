// Eight bytes at a time while the text is plain ASCII; character by character where it is not.
#include "proxy/steward/json_text.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "proxy/steward/utf8.h"

namespace sluice::steward {
namespace {

constexpr size_t kWordBytes = sizeof(uint64_t);
static_assert(kEscapeSlackBytes >= kWordBytes);
constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kHighs = 0x8080808080808080;

// Whether all eight bytes stay as they are. Each term has a high bit set where a byte does not; a
// borrow from a neighbour can only add one where another is already.
bool plain(uint64_t word) {
    const uint64_t control = word - 0x20 * kOnes;
    const uint64_t quote = (word ^ '"' * kOnes) - kOnes;
    const uint64_t backslash = (word ^ '\\' * kOnes) - kOnes;
    const uint64_t del = word + kOnes;
    return ((word | control | quote | backslash | del) & kHighs) == 0;
}

// What an ASCII byte becomes: 0 = itself, 'u' = \u00XX, else a backslash and this letter.
constexpr std::array<char, 128> kEscapes = [] {
    std::array<char, 128> table{};
    for (size_t i = 0; i < 0x20; ++i) table[i] = 'u';
    table['\b'] = 'b';
    table['\t'] = 't';
    table['\n'] = 'n';
    table['\f'] = 'f';
    table['\r'] = 'r';
    table['"'] = '"';
    table['\\'] = '\\';
    table[0x7f] = 'u';
    return table;
}();

char* put_unit(char* out, uint32_t unit) {
    constexpr char kHex[] = "0123456789abcdef";
    *out++ = '\\';
    *out++ = 'u';
    for (int shift = 12; shift >= 0; shift -= 4) *out++ = kHex[unit >> shift & 0xf];
    return out;
}

char* put_ascii(char* out, uint8_t byte) {
    const char letter = kEscapes[byte];
    if (letter == 'u') return put_unit(out, byte);
    if (letter != 0) *out++ = '\\';
    *out++ = letter != 0 ? letter : static_cast<char>(byte);
    return out;
}

bool breaks_lines(uint32_t code) {
    return code < 0xa0 || code == 0x2028 || code == 0x2029;
}

}  // namespace

char* escape(char* out, std::string_view text) {
    const auto* from = reinterpret_cast<const uint8_t*>(text.data());
    const uint8_t* const end = from + text.size();
    while (from != end) {
        const auto left = static_cast<size_t>(end - from);
        if (left >= kWordBytes) {
            uint64_t word = 0;
            std::memcpy(&word, from, kWordBytes);
            std::memcpy(out, &word, kWordBytes);
            if (plain(word)) {
                from += kWordBytes;
                out += kWordBytes;
                continue;
            }
        }
        if (*from < 0x80) {
            out = put_ascii(out, *from++);
            continue;
        }
        const Character character = first_character({reinterpret_cast<const char*>(from), left});
        if (character.size == 0) {
            out = put_unit(out, 0xfffd);
            ++from;
        } else if (breaks_lines(character.code)) {
            out = put_unit(out, character.code);
            from += character.size;
        } else {
            std::memcpy(out, from, character.size);
            out += character.size;
            from += character.size;
        }
    }
    return out;
}

}  // namespace sluice::steward
