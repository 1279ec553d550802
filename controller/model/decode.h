// One document to one object. Strict where asked: an unknown field, a wrong type, a value out of
// bounds is a problem with its field path and place, and the object is then not returned. Decoding
// is data, not code: each kind has one table of fields (field.h), which names every field of the
// API, used or not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/model/event.h"

namespace sluice::model {

struct Decoded {
    std::optional<Object> object;  // absent when the kind is not one that we read, or on problems
    bool known_kind = false;       // false: apiVersion/kind is not ours; an error only when it is
                                   // nearly ours
    std::string kind_text;         // "apps/v1 Deployment", for the note about skipped kinds
    std::vector<Problem> problems;
};

// `file` goes into origins. kind: List (v1) is unpacked by the caller through items_of().
Decoded decode(const Value& document, const std::string& file);

// The items of a v1 List, or the document itself.
std::vector<const Value*> items_of(const Value& document);

}  // namespace sluice::model
