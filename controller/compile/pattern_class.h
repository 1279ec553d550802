// Sets of characters in a regular expression, and what characters and sets cost when RE2 compiles
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "controller/compile/pattern_text.h"
#include "controller/compile/pattern_width.h"

namespace sluice::compile {

struct ClassResult {
    uint64_t cost = 0;       // instructions, at most
    std::string_view fault;  // a literal; empty when it is fine
    // What it matches; none: not known, so it may be anything.
    std::optional<ByteSet> members;
};

// What follows "[", through the closing "]".
ClassResult parse_class(PatternText& text, bool folds);

// \d \w \s and their negations.
bool is_class_letter(char c);
uint64_t class_letter_cost();
ByteSet class_letter_set(char c);

// `folds`: the pattern may ignore case.
uint64_t character_cost(bool folds);

}  // namespace sluice::compile
