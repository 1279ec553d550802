// A document as a neutral tree, with the place of every node: what a source (files, later the API
// server) hands to the decoders. Plain data; deep or large documents are refused by the source
// (table/limits.h).
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
    // Two objects that differ only in where they were read are equal: a comment added above an
    // object changes no routing. So places never take part in a comparison.
    friend bool operator==(const Place&, const Place&) { return true; }
};

struct Value {
    enum class Kind : uint8_t { null, boolean, integer, number, string, list, map };

    // Defined in value.cc: a map holds pairs of this very type, which must be complete there.
    Value();
    ~Value();
    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;

    Kind kind = Kind::null;
    Place place;
    bool boolean = false;
    // A plain scalar that kubectl (YAML 1.1) and YAML 1.2 read as different types (no, 010, 1_000):
    // kept as its text. The decoders refuse it where it would matter; documents of other kinds may
    // hold it.
    bool ambiguous = false;
    int64_t integer = 0;
    double number = 0;
    std::string string;
    std::vector<Value> list;
    std::vector<std::pair<std::string, Value>> map;  // in document order; keys are unique
    std::vector<Place> key_places;                   // of map's keys, same order; may be empty

    const Value* find(std::string_view key) const;  // map only; nullptr when absent
};

std::string_view kind_text(Value::Kind kind);  // "a string", "a list" …

}  // namespace sluice::model
