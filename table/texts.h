// Texts by number: a text that was seen before has the number that it had then. What has been
// encoded with numbers need not be compared again to be put into a pool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "table/pool.h"

namespace sluice::table {

class Texts {
public:
    // The empty text is number 0.
    Texts();
    Texts(const Texts&) = delete;
    Texts& operator=(const Texts&) = delete;

    uint32_t number_of(std::string_view text);
    const PoolText& text(uint32_t number) const { return texts_[number]; }
    size_t size() const { return texts_.size(); }

private:
    std::deque<std::string> bytes_;  // stay where they are
    std::vector<PoolText> texts_;
    std::unordered_map<std::string_view, uint32_t> numbers_;
};

}  // namespace sluice::table
