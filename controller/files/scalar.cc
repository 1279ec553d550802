// The core schema's regular expressions as small scans
// (https://yaml.org/spec/1.2.2/#103-core-schema), and the forms that only YAML 1.1 knows as read by
// sigs.k8s.io/yaml.
#include "controller/files/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace sluice::files {
namespace {

using model::Value;

bool among(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

size_t digits_at(std::string_view text, size_t at) {
    size_t end = at;
    while (end < text.size() && is_digit(text[end])) ++end;
    return end - at;
}

bool is_signed(std::string_view text) {
    return !text.empty() && (text[0] == '-' || text[0] == '+');
}

// [-+]?[0-9]+
bool is_decimal(std::string_view text) {
    const size_t sign = is_signed(text) ? 1 : 0;
    const size_t digits = digits_at(text, sign);
    return digits > 0 && sign + digits == text.size();
}

// [-+]? ( \.[0-9]+ | [0-9]+(\.[0-9]*)? ) ([eE][-+]?[0-9]+)?
bool is_float(std::string_view text) {
    size_t at = is_signed(text) ? 1 : 0;
    const size_t whole = digits_at(text, at);
    at += whole;
    if (at < text.size() && text[at] == '.') {
        const size_t fraction = digits_at(text, at + 1);
        if (whole + fraction == 0) return false;
        at += 1 + fraction;
    } else if (whole == 0) {
        return false;
    }
    if (at == text.size()) return true;
    if (text[at] != 'e' && text[at] != 'E') return false;
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const size_t exponent = digits_at(text, at);
    return exponent > 0 && at + exponent == text.size();
}

// Digits of a base behind a two-letter prefix, as in 0x1f and 0o17.
bool is_based(std::string_view text, std::string_view prefix, std::string_view digits) {
    if (!text.starts_with(prefix) || text.size() == prefix.size()) return false;
    return text.find_first_not_of(digits, prefix.size()) == std::string_view::npos;
}

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

// Booleans of YAML 1.1, and numbers in forms that Go's parser takes and the core schema reads
// otherwise.
bool is_ambiguous(std::string_view text) {
    if (among(
            text,
            {"y",
             "Y",
             "yes",
             "Yes",
             "YES",
             "on",
             "On",
             "ON",
             "n",
             "N",
             "no",
             "No",
             "NO",
             "off",
             "Off",
             "OFF"}
        )) {
        return true;
    }
    std::string plain{text};
    std::erase(plain, '_');
    const bool grouped = plain.size() != text.size() && text[0] != '_';
    const std::string_view number = std::string_view(plain).substr(is_signed(plain) ? 1 : 0);
    if (is_decimal(plain)) return grouped || (number.size() > 1 && number[0] == '0');
    if (is_float(plain)) return grouped;
    const bool octal = is_based(number, "0o", "01234567");
    const bool hex = is_based(number, "0x", kHexDigits);
    if (octal || hex) return grouped || is_signed(plain);
    return is_based(number, "0b", "01") || is_based(number, "0B", "01") ||
           is_based(number, "0O", "01234567") || is_based(number, "0X", kHexDigits);
}

Value number_of(double number) {
    Value value;
    value.kind = Value::Kind::number;
    value.number = number;
    return value;
}

// What does not fit 64 bits becomes a number, which no field takes for an integer.
Value integer_of(std::string_view digits, int base) {
    if (digits.starts_with('+')) digits.remove_prefix(1);
    Value value;
    value.kind = Value::Kind::integer;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value.integer, base);
    if (error == std::errc()) return value;
    return number_of(std::numeric_limits<double>::max());
}

}  // namespace

Value plain_scalar(const std::string& text) {
    Value value;
    if (among(text, {"", "~", "null", "Null", "NULL"})) return value;
    if (among(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) {
        value.kind = Value::Kind::boolean;
        value.boolean = text[0] == 't' || text[0] == 'T';
        return value;
    }
    if (is_ambiguous(text)) {
        value.kind = Value::Kind::string;
        value.string = text;
        value.ambiguous = true;
        return value;
    }
    if (is_decimal(text)) return integer_of(text, 10);
    if (is_based(text, "0o", "01234567")) return integer_of(std::string_view(text).substr(2), 8);
    if (is_based(text, "0x", kHexDigits)) return integer_of(std::string_view(text).substr(2), 16);
    if (is_float(text)) return number_of(std::strtod(text.c_str(), nullptr));
    if (among(text, {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"})) {
        return number_of(std::numeric_limits<double>::infinity());
    }
    if (among(text, {"-.inf", "-.Inf", "-.INF"})) {
        return number_of(-std::numeric_limits<double>::infinity());
    }
    if (among(text, {".nan", ".NaN", ".NAN"}))
        return number_of(std::numeric_limits<double>::quiet_NaN());
    value.kind = Value::Kind::string;
    value.string = text;
    return value;
}

}  // namespace sluice::files
