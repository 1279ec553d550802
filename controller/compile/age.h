// Who came first: the order that decides ties between objects (design 10.14).
#pragma once

#include <compare>
#include <string_view>

#include "controller/model/meta.h"

namespace sluice::compile {

// Times as the model holds them; "" (never created) counts as newest.
std::strong_ordering compare_ages(std::string_view a, std::string_view b);

// Older, then namespace, then name. The kind never decides, so the uid does when all else is equal;
// only objects read from files can be equal in all of these, and then the kind keeps the order
// total.
struct Precedence {
    const model::Meta* meta;
    model::Kind kind;
    std::strong_ordering operator<=>(const Precedence& other) const;
    bool operator==(const Precedence& other) const { return (*this <=> other) == 0; }
};

// Why `winner` goes before `loser`, in words that follow the winner's name: "which is older".
std::string_view why_first(const Precedence& winner, const Precedence& loser);

}  // namespace sluice::compile
