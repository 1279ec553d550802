// A small JSON writer: escapes, commas and indentation, nothing else. Objects in one line where
// their author says so, so that lists of small things stay readable and diff well.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::compile {

class JsonWriter {
public:
    enum class Style : uint8_t { lines, one_line };

    // indent 0 = everything in one line.
    explicit JsonWriter(int indent) : indent_(indent) {}

    void begin_object(Style style = Style::lines) { begin('{', style); }
    void end_object() { end('}'); }
    void begin_list(Style style = Style::lines) { begin('[', style); }
    void end_list() { end(']'); }
    void key(std::string_view name);
    void value(std::string_view text);
    void value(const char* text) { value(std::string_view(text)); }
    void value(const std::string& text) { value(std::string_view(text)); }
    void value(bool truth);
    void value(uint64_t number);
    void value(int64_t number);
    void value(uint32_t number) { value(uint64_t{number}); }
    void value(uint16_t number) { value(uint64_t{number}); }

    template <class Value>
    void member(std::string_view name, const Value& content) {
        key(name);
        value(content);
    }

    std::string take() { return std::move(out_); }

private:
    void begin(char bracket, Style style);
    void end(char bracket);
    void before_item();
    void new_line();
    void write_text(std::string_view text);

    struct Level {
        bool in_one_line;
        bool is_empty = true;
    };
    int indent_;
    bool after_key_ = false;
    std::vector<Level> levels_;
    std::string out_;
};

}  // namespace sluice::compile
