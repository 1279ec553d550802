// How a check of a spec says what is wrong: the innermost field first, then each place around it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "table/builder.h"

namespace sluice::table {

using Problem = std::optional<BuildError>;

inline Problem bad(std::string_view field, std::string_view why) {
    return BuildError{Reason::table_bad_value, std::string(field) + ": " + std::string(why)};
}

inline Problem dangling(std::string_view field, uint64_t index) {
    return BuildError{
        Reason::table_bad_reference, std::string(field) + ": there is no " + std::to_string(index)
    };
}

// A problem when `size` is over `limit`.
inline Problem bounded(std::string_view field, uint64_t size, uint64_t limit) {
    if (size <= limit) return std::nullopt;
    return BuildError{
        Reason::table_too_large,
        std::string(field) + ": " + std::to_string(size) + " are over the limit of " +
            std::to_string(limit)
    };
}

// The same problem, seen from around: "path: …" of matches[2] becomes "matches[2].path: …".
inline Problem in(std::string_view list, size_t index, Problem problem) {
    problem->message = std::string(list) + "[" + std::to_string(index) + "]." + problem->message;
    return problem;
}

// The first problem that `check` finds in a list.
template <class List, class Check>
Problem first_problem(std::string_view name, const List& list, Check check) {
    size_t index = 0;
    for (const auto& element : list) {
        if (Problem problem = check(element)) return in(name, index, std::move(problem));
        ++index;
    }
    return std::nullopt;
}

}  // namespace sluice::table
