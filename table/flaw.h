// How a check of a segment says what is wrong: light enough to be returned for each of a million
// structs.
#pragma once

#include <cstddef>
#include <string>

#include "table/layout.h"
#include "table/reason.h"
#include "table/view.h"

namespace sluice::table {

struct Flaw {
    Reason reason = Reason::ok;
    const char* why = "";
    explicit operator bool() const { return reason != Reason::ok; }
};

inline Flaw bad_value(const char* why) {
    return {Reason::table_bad_value, why};
}
inline Flaw bad_reference(const char* why) {
    return {Reason::table_bad_reference, why};
}
inline Flaw out_of_order(const char* why) {
    return {Reason::table_out_of_order, why};
}
inline Flaw too_large(const char* why) {
    return {Reason::table_too_large, why};
}

// A flaw and the struct that has it: "rules[7]: weight out of bounds".
inline Refusal refusal(const char* list, size_t index, Flaw flaw) {
    return {flaw.reason, std::string(list) + "[" + std::to_string(index) + "]: " + flaw.why};
}

template <class Enum>
bool is_known(Enum value, Enum last) {
    return static_cast<unsigned>(value) <= static_cast<unsigned>(last);
}

template <size_t count>
bool is_zero(const auto (&reserved)[count]) {
    for (const auto one : reserved) {
        if (one != 0) return false;
    }
    return true;
}

template <class View>
bool holds(const View& view, Text place) {
    return place.length <= view.pool().size() && place.offset <= view.pool().size() - place.length;
}

// The builder uses each vector from front to back, each entry once. So one pass over the owners
// shows that every range is inside, none overlaps and no entry is without an owner.
class Cursor {
public:
    explicit Cursor(size_t size) : size_(size) {}
    bool take(Range range) {
        if (range.count == 0) return range.first == 0;
        if (range.first != at_ || range.count > size_ - at_) return false;
        at_ += range.count;
        return true;
    }
    // REQUIRES: !is_at_end().
    void take_one() { ++at_; }
    size_t at() const { return at_; }
    bool is_at_end() const { return at_ == size_; }

private:
    size_t at_ = 0;
    size_t size_;
};

}  // namespace sluice::table
