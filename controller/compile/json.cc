// RFC 8259 text. Strings are bytes from strangers: what is not valid UTF-8 becomes U+FFFD.
#include "controller/compile/json.h"

#include <utility>

namespace sluice::compile {
namespace {

bool is_continuation(std::string_view text, size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// Length of the character that begins at `at`, 0 when there is none (RFC 3629: no overlong forms,
// no surrogates, nothing above U+10FFFF).
size_t utf8_length(std::string_view text, size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) return 1;
    size_t length = 0;
    if (first >= 0xc2 && first <= 0xdf) length = 2;
    if (first >= 0xe0 && first <= 0xef) length = 3;
    if (first >= 0xf0 && first <= 0xf4) length = 4;
    for (size_t i = 1; i < length; ++i) {
        if (!is_continuation(text, at + i)) return 0;
    }
    if (length < 3) return length;
    const auto second = static_cast<unsigned char>(text[at + 1]);
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : length;
}

}  // namespace

void JsonWriter::key(std::string_view name) {
    before_item();
    write_text(name);
    out_ += indent_ > 0 ? ": " : ":";
    after_key_ = true;
}

void JsonWriter::value(std::string_view text) {
    before_item();
    write_text(text);
}

void JsonWriter::value(bool truth) {
    before_item();
    out_ += truth ? "true" : "false";
}

void JsonWriter::value(uint64_t number) {
    before_item();
    out_ += std::to_string(number);
}

void JsonWriter::value(int64_t number) {
    before_item();
    out_ += std::to_string(number);
}

void JsonWriter::begin(char bracket, Style style) {
    before_item();
    out_ += bracket;
    const bool inherited = !levels_.empty() && levels_.back().in_one_line;
    levels_.push_back({.in_one_line = inherited || indent_ == 0 || style == Style::one_line});
}

void JsonWriter::end(char bracket) {
    const Level level = levels_.back();
    levels_.pop_back();
    if (!level.is_empty && !level.in_one_line) new_line();
    out_ += bracket;
    if (levels_.empty() && indent_ > 0) out_ += '\n';
}

void JsonWriter::before_item() {
    if (std::exchange(after_key_, false) || levels_.empty()) return;
    Level& level = levels_.back();
    if (!std::exchange(level.is_empty, false)) {
        out_ += level.in_one_line && indent_ > 0 ? ", " : ",";
    }
    if (!level.in_one_line) new_line();
}

void JsonWriter::new_line() {
    out_ += '\n';
    out_.append(levels_.size() * static_cast<size_t>(indent_), ' ');
}

void JsonWriter::write_text(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out_ += '"';
    for (size_t i = 0; i < text.size();) {
        const size_t length = utf8_length(text, i);
        const auto byte = static_cast<unsigned char>(text[i]);
        if (length == 0) {
            out_ += "\xef\xbf\xbd";
        } else if (byte == '"' || byte == '\\') {
            out_ += '\\';
            out_ += text[i];
        } else if (byte == '\n') {
            out_ += "\\n";
        } else if (byte < 0x20 || byte == 0x7f) {
            out_ += "\\u00";
            out_ += kHex[byte >> 4];
            out_ += kHex[byte & 15];
        } else {
            out_ += text.substr(i, length);
        }
        i += length == 0 ? 1 : length;
    }
    out_ += '"';
}

}  // namespace sluice::compile
