// One change to a sound routes segment and how verify() must name it, with names for the structs of
// the sample.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "table/limits.h"
#include "tests/unit/table/samples.h"
#include "tests/unit/table/walk.h"

namespace sluice::table {

using RoutesTable = Changeable<RoutesView>;

inline size_t host_index(const RoutesTable& table, std::string_view name) {
    return static_cast<size_t>(table.view().find_exact(name) - table.view().hosts().data());
}
inline Host& host(RoutesTable& table, std::string_view name = "chat.example") {
    return table.at(table.view().hosts(), host_index(table, name));
}
// A path of "chat.example".
inline Path& path(RoutesTable& table, std::string_view text) {
    const Host& owner = host(table);
    for (size_t i = 0; i < owner.path_count; ++i) {
        Path& found = table.at(table.view().paths(), owner.paths + i);
        if (table.view().text(found) == text) return found;
    }
    ADD_FAILURE() << "no path " << text;
    return table.at(table.view().paths(), 0);
}
inline Conduct& conduct(RoutesTable& table, size_t rule = 0) {
    return table.at(table.view().conducts(), table.view().rules()[rule].conduct);
}
inline Rule& rule(RoutesTable& table, size_t index = 0) {
    return table.at(table.view().rules(), index);
}
inline Split& split(RoutesTable& table, size_t index) {
    return table.at(table.view().splits(), index);
}
inline Edit& edit(RoutesTable& table, size_t index = 0) {
    return table.at(table.view().edits(), index);
}
inline Redirect& redirect(RoutesTable& table) {
    return table.at(table.view().redirects(), 0);
}
inline Predicate& predicate(RoutesTable& table, PredicateKind kind) {
    for (size_t i = 0; i < table.view().predicates().size(); ++i) {
        if (table.view().predicates()[i].kind == kind)
            return table.at(table.view().predicates(), i);
    }
    ADD_FAILURE() << "no such predicate";
    return table.at(table.view().predicates(), 0);
}
inline Match& match(RoutesTable& table, size_t index) {
    return table.at(table.view().matches(), index);
}
inline RegexMatch& regex_match(RoutesTable& table) {
    return table.at(table.view().by_regex(), host(table).by_regex);
}
inline Match& exact_match(RoutesTable& table) {
    return match(table, path(table, "/v1/chat").matches);
}
inline Text outside(const RoutesTable& table) {
    return {static_cast<uint32_t>(table.view().pool().size()), 1};
}
inline constexpr Text kWraps{0xffffffffU, 2};

struct Case {
    const char* name;
    Reason reason;
    const char* where;  // begins the message
    std::function<void(RoutesTable&)> change;
};

inline void expect_refused(const Case& one) {
    SCOPED_TRACE(one.name);
    RoutesTable table(built(sample_routes()));
    ASSERT_TRUE(table.verify()) << table.verify().error().message;
    one.change(table);
    const auto verified = table.verify();
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().reason, one.reason)
        << reason_text(verified.error().reason) << ": " << verified.error().message;
    EXPECT_TRUE(verified.error().message.starts_with(one.where)) << verified.error().message;
}

inline void expect_refused(const std::vector<Case>& cases) {
    for (const Case& one : cases) expect_refused(one);
}

inline constexpr Reason kValue = Reason::table_bad_value;
inline constexpr Reason kReference = Reason::table_bad_reference;
inline constexpr Reason kOrder = Reason::table_out_of_order;
inline constexpr Reason kLarge = Reason::table_too_large;

}  // namespace sluice::table
