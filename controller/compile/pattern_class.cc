// Bracket expressions by RE2's rules, over bytes. A set costs an instruction and a branch for each
// range that it holds.
#include "controller/compile/pattern_class.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::compile {
namespace {

constexpr uint64_t kCharacterCost = 1;
constexpr uint64_t kFoldedCharacterCost = 4;
constexpr uint64_t kRangeCost = 2;
constexpr uint64_t kFoldedRangeCost = 10;  // letters bring their other case along, in pieces
constexpr uint64_t kClassLetterCost = 12;

// RE2 knows them by these names only.
constexpr std::array<std::string_view, 14> kPosixNames{
    "[:alnum:]",
    "[:alpha:]",
    "[:ascii:]",
    "[:blank:]",
    "[:cntrl:]",
    "[:digit:]",
    "[:graph:]",
    "[:lower:]",
    "[:print:]",
    "[:punct:]",
    "[:space:]",
    "[:upper:]",
    "[:word:]",
    "[:xdigit:]",
};
constexpr uint64_t kPosixCost = 12;
constexpr uint64_t kFoldedPosixCost = 20;

std::optional<uint8_t> take_member(PatternText& text) {
    return text.take('\\') ? text.take_escaped() : text.take_character();
}

ClassResult take_posix(PatternText& text, bool folds) {
    const auto named = std::find_if(kPosixNames.begin(), kPosixNames.end(), [&](auto name) {
        return text.starts_with(name);
    });
    if (named == kPosixNames.end()) return {.fault = "has an unknown class \"[:\""};
    text.skip(named->size());
    return {.cost = folds ? kFoldedPosixCost : kPosixCost};
}

ClassResult take_range(PatternText& text, bool folds) {
    constexpr std::string_view kFault = "has a set with a member that is not supported";
    const std::optional<uint8_t> low = take_member(text);
    if (!low) return {.fault = kFault};
    std::optional<uint8_t> high = low;
    const bool is_range =
        !text.at_end() && text.peek() == '-' && text.peek_next() != ']' && text.peek_next() != '\0';
    if (is_range) {
        text.skip();
        high = take_member(text);
    }
    if (!high) return {.fault = kFault};
    if (*high < *low) return {.fault = "has a range that runs backwards"};
    ByteSet members;
    for (size_t byte = *low; byte <= *high; ++byte) {
        members.set(byte);
        const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        if (folds && letter) members.set(byte ^ 0x20);
    }
    return {.cost = folds ? kFoldedRangeCost : kRangeCost, .members = members};
}

ClassResult take_item(PatternText& text, bool folds) {
    if (text.starts_with("[:")) return take_posix(text, folds);
    if (text.peek() == '\\' && is_class_letter(text.peek_next())) {
        const ByteSet members = class_letter_set(text.peek_next());
        text.skip(2);
        return {.cost = kClassLetterCost, .members = members};
    }
    return take_range(text, folds);
}

}  // namespace

ClassResult parse_class(PatternText& text, bool folds) {
    uint64_t cost = kRangeCost;  // of what lies between the ranges, when it is negated
    const bool negated = text.take('^');
    std::optional<ByteSet> members = ByteSet();
    for (bool first = true; !text.at_end(); first = false) {
        if (text.peek() == ']' && !first) {
            text.skip();
            if (negated && members) members->flip();
            return {.cost = cost, .members = members};
        }
        const ClassResult item = take_item(text, folds);
        if (!item.fault.empty()) return item;
        cost += item.cost;
        if (!item.members) members.reset();
        if (members) *members |= *item.members;
    }
    return {.fault = "lacks a ']'"};
}

bool is_class_letter(char c) {
    return std::string_view("dDwWsS").find(c) != std::string_view::npos && c != '\0';
}

ByteSet class_letter_set(char c) {
    ByteSet members;
    for (int byte = 0; byte < 256; ++byte) {
        const bool digit = byte >= '0' && byte <= '9';
        const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        const bool space =
            std::string_view("\t\n\f\r ").find(static_cast<char>(byte)) != std::string_view::npos;
        const char kind = static_cast<char>(c | 0x20);  // lower case
        const bool in = kind == 'd' ? digit : kind == 'w' ? digit || letter || byte == '_' : space;
        members.set(static_cast<size_t>(byte), in);
    }
    return c == 'd' || c == 'w' || c == 's' ? members : ~members;
}

uint64_t class_letter_cost() {
    return kClassLetterCost;
}

uint64_t character_cost(bool folds) {
    return folds ? kFoldedCharacterCost : kCharacterCost;
}

}  // namespace sluice::compile
