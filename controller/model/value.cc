// Reading a neutral document tree: look-up by key and the words for each type.
#include "controller/model/value.h"

#include <algorithm>

namespace sluice::model {

Value::Value() = default;
Value::~Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;

const Value* Value::find(std::string_view key) const {
    const auto at = std::find_if(map.begin(), map.end(), [&](const auto& member) {
        return member.first == key;
    });
    return at == map.end() ? nullptr : &at->second;
}

std::string_view kind_text(Value::Kind kind) {
    switch (kind) {
        case Value::Kind::null:
            return "null";
        case Value::Kind::boolean:
            return "a boolean";
        case Value::Kind::integer:
            return "an integer";
        case Value::Kind::number:
            return "a number with a fraction";
        case Value::Kind::string:
            return "a string";
        case Value::Kind::list:
            return "a list";
        case Value::Kind::map:
            return "a map";
    }
    return "nothing known";
}

}  // namespace sluice::model
