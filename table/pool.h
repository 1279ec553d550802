// The byte pool of a segment under construction: each text stands in it once, in order of first
// use.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "table/layout.h"

namespace sluice::table {

class Pool {
public:
    // `text` must live as long as the pool: a spec's texts do. An offset beyond 32 bits wraps; so
    // large a pool is refused as a whole when the segment is written.
    Text add(std::string_view text) {
        if (text.empty()) return {};
        const Text next{static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(text.size())};
        const auto [place, is_new] = places_.try_emplace(text, next);
        if (is_new) bytes_.append(text);
        return place->second;
    }
    const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
    std::unordered_map<std::string_view, Text> places_;
};

}  // namespace sluice::table
