// Writes JSON by appending: commas, quotes and escapes are its part, the order is the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::steward {

class JsonWriter {
public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& open(char bracket);   // '{' or '['
    JsonWriter& close(char bracket);  // '}' or ']'
    JsonWriter& key(std::string_view name);
    JsonWriter& text(std::string_view value);  // any bytes
    JsonWriter& number(uint64_t value);
    JsonWriter& fraction(double value);  // six digits
    JsonWriter& boolean(bool value);

    JsonWriter& field(std::string_view name, std::string_view value) {
        return key(name).text(value);
    }
    JsonWriter& field(std::string_view name, uint64_t value) { return key(name).number(value); }

private:
    void separate();

    std::string& out_;
    bool comma_ = false;  // before the next value
};

}  // namespace sluice::steward
