// JSON by appending.
#include "proxy/steward/json_writer.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "proxy/steward/json_text.h"

namespace sluice::steward {

void JsonWriter::separate() {
    if (comma_) out_ += ',';
    comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
    separate();
    out_ += bracket;
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    out_ += bracket;
    comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    text(name);
    out_ += ':';
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
    separate();
    out_ += '"';
    const size_t start = out_.size();
    out_.resize(start + kEscapedBytes * value.size() + kEscapeSlackBytes);
    char* const end = escape(out_.data() + start, value);
    out_.resize(static_cast<size_t>(end - out_.data()));
    out_ += '"';
    return *this;
}

JsonWriter& JsonWriter::number(uint64_t value) {
    separate();
    std::array<char, 20> digits;
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out_.append(digits.data(), written.ptr);
    return *this;
}

JsonWriter& JsonWriter::fraction(double value) {
    separate();
    std::array<char, 32> digits;
    const int length = std::snprintf(digits.data(), digits.size(), "%.6f", value);
    out_.append(digits.data(), static_cast<size_t>(length));
    return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
    return *this;
}

}  // namespace sluice::steward
