// The tokens of a regular expression over bytes: characters, escapes, numbers, heads of groups.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sluice::compile {

inline bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// What stands between "(?" and the group's content.
struct GroupHead {
    bool opens = false;      // false: flags for the rest of the group around
    std::string_view fault;  // a literal; empty when it is fine
};

class PatternText {
public:
    explicit PatternText(std::string_view text) : text_(text) {}

    bool at_end() const { return at_ == text_.size(); }
    char peek() const { return text_[at_]; }
    char peek_next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }
    bool starts_with(std::string_view part) const { return text_.substr(at_).starts_with(part); }
    void skip(size_t bytes = 1) { at_ += bytes; }
    // Takes `c` when it is next.
    bool take(char c);

    // The next byte; nullopt when it is not ASCII.
    std::optional<uint8_t> take_character();
    // What follows a backslash and stands for one character; nullopt when RE2 has no such escape,
    // or we do not want it.
    std::optional<uint8_t> take_escaped();
    // Without leading zeros, at most `most`.
    std::optional<uint64_t> take_number(uint64_t most);
    // Adds the name of a named group to `names`, in which it must be new.
    GroupHead take_group_head(std::set<std::string>& names);

private:
    std::optional<uint8_t> take_hex();
    GroupHead take_name(std::set<std::string>& names);

    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace sluice::compile
