// A document as a neutral tree, with the place of every node: what a source (files, later the API server)
// hands to the decoders. Plain data; deep or large documents are refused by the source (table/limits.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::model {

// Line and column count from 1; 0 = unknown (API objects have no place).
struct Place {
    int line = 0;
    int column = 0;
};

struct Value {
    enum class Kind : uint8_t { null, boolean, integer, number, string, list, map };

    Kind kind = Kind::null;
    Place place;
    bool boolean = false;
    int64_t integer = 0;
    double number = 0;
    std::string string;
    std::vector<Value> list;
    std::vector<std::pair<std::string, Value>> map;  // in document order; keys are unique
    std::vector<Place> key_places;                   // of map's keys, same order; may be empty

    const Value* find(std::string_view key) const;   // map only; nullptr when absent
};

std::string_view kind_text(Value::Kind kind);  // "a string", "a list" …

}  // namespace sluice::model
