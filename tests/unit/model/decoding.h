// What the decoder tests share: JSON text in, the object or its problems out.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "controller/model/decode.h"
#include "controller/model/json.h"

namespace sluice::model {

inline Decoded decode_text(const std::string& json) {
    const auto value = parse_json(json, "a.json");
    if (!value) {
        ADD_FAILURE() << to_string(value.error());
        return {};
    }
    return decode(*value, "a.json");
}

// "field: message" of each problem: tests of places stand apart.
inline std::vector<std::string> problems_of(const std::string& json) {
    std::vector<std::string> texts;
    for (Problem problem : decode_text(json).problems) {
        problem.origin = {};
        texts.push_back(to_string(problem));
    }
    return texts;
}

using Problems = std::vector<std::string>;

template <class T>
std::shared_ptr<const T> decode_good(const std::string& json) {
    Decoded decoded = decode_text(json);
    for (const Problem& problem : decoded.problems) ADD_FAILURE() << to_string(problem);
    if (!decoded.object) return std::make_shared<const T>();
    return std::get<std::shared_ptr<const T>>(*decoded.object);
}

// `count` copies of an item, as a JSON list; '#' in the item becomes its index.
inline std::string list_of_items(const std::string& item, size_t count) {
    std::string out = "[";
    for (size_t i = 0; i < count; ++i) {
        if (i > 0) out += ',';
        for (const char c : item) out += c == '#' ? std::to_string(i) : std::string(1, c);
    }
    return out + "]";
}

inline std::string json_text(const std::string& text) {
    return '"' + text + '"';
}

}  // namespace sluice::model
