// One copy of each text, one look-up a question.
#include "table/texts.h"

namespace sluice::table {

Texts::Texts() {
    number_of("");
}

uint32_t Texts::number_of(std::string_view text) {
    const auto known = numbers_.find(text);
    if (known != numbers_.end()) return known->second;
    const std::string_view own = bytes_.emplace_back(text);
    const auto number = static_cast<uint32_t>(texts_.size());
    texts_.emplace_back(own);
    numbers_.emplace(own, number);
    return number;
}

}  // namespace sluice::table
