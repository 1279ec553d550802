// Header modifiers: set, add, remove, their order, and a list that is full.
#include <gtest/gtest.h>

#include "proxy/filter/rewrite.h"
#include "tests/unit/route/fixture.h"

namespace sluice::filter {
namespace {

using table::EditKind;
using table::EditSpec;
using Lines = std::vector<std::string>;

// A table whose only rule has these request edits.
struct Edits {
    explicit Edits(std::vector<EditSpec> edits) : table(spec(std::move(edits))) {}

    static table::RoutesSpec spec(std::vector<EditSpec> edits) {
        table::RoutesSpec spec;
        table::HostSpec any{"", {}};
        route::add_match(spec, any, table::PathKind::prefix, "");
        spec.hosts.push_back(any);
        spec.rules[0].request_edits = std::move(edits);
        return spec;
    }
    Reason apply(http::FieldList& fields) const {
        return edit(table.view, table.view.conduct_of(table.view.rules()[0]).request_edits, fields);
    }

    route::Table table;
};

Lines lines(const http::FieldList& fields) {
    Lines result;
    for (const auto& field : fields.all()) {
        if (!field.dropped)
            result.push_back(std::string(field.name) + ": " + std::string(field.value));
    }
    return result;
}

http::FieldList some_fields() {
    http::FieldList fields;
    fields.add("Accept", "*/*");
    fields.add("X-Env", "one");
    fields.add("Content-Type", "text/plain");
    fields.add("x-env", "two");
    return fields;
}

TEST(Edit, set_add_and_remove) {
    const std::pair<std::vector<EditSpec>, Lines> cases[] = {
        {{{EditKind::set, "x-env", "new"}},
         {"Accept: */*", "Content-Type: text/plain", "x-env: new"}},
        {{{EditKind::add, "x-env", "new"}},
         {"Accept: */*", "X-Env: one", "Content-Type: text/plain", "x-env: two", "x-env: new"}},
        {{{EditKind::remove, "x-env", ""}}, {"Accept: */*", "Content-Type: text/plain"}},
        {{{EditKind::remove, "content-type", ""}}, {"Accept: */*", "X-Env: one", "x-env: two"}},
        {{{EditKind::remove, "x-absent", ""}},
         {"Accept: */*", "X-Env: one", "Content-Type: text/plain", "x-env: two"}},
        {{{EditKind::set, "x-new", ""}},
         {"Accept: */*", "X-Env: one", "Content-Type: text/plain", "x-env: two", "x-new: "}},
    };
    for (const auto& [edits, wanted] : cases) {
        http::FieldList fields = some_fields();
        const Edits table(edits);
        EXPECT_EQ(table.apply(fields), Reason::ok);
        EXPECT_EQ(lines(fields), wanted);
    }
}

TEST(Edit, goes_in_table_order) {
    const Edits table({
        {EditKind::add, "x-env", "gone"},
        {EditKind::remove, "x-env", ""},
        {EditKind::add, "x-env", "a"},
        {EditKind::add, "x-env", "b"},
        {EditKind::set, "accept", "text/html"},
    });
    http::FieldList fields = some_fields();
    EXPECT_EQ(table.apply(fields), Reason::ok);
    EXPECT_EQ(
        lines(fields),
        (Lines{"Content-Type: text/plain", "x-env: a", "x-env: b", "accept: text/html"})
    );
}

TEST(Edit, a_known_name_is_found_by_its_id_afterwards) {
    const Edits table({{EditKind::set, "content-type", "application/json"}});
    http::FieldList fields = some_fields();
    table.apply(fields);
    const http::Field* const field = fields.find(http::FieldId::content_type);
    ASSERT_NE(field, nullptr);
    EXPECT_EQ(field->value, "application/json");
}

TEST(Edit, no_edits_change_nothing) {
    http::FieldList fields = some_fields();
    EXPECT_EQ(Edits({}).apply(fields), Reason::ok);
    EXPECT_EQ(lines(fields), lines(some_fields()));
}

TEST(Edit, a_head_at_its_limit_takes_as_many_edits_as_a_rule_may_have) {
    std::vector<EditSpec> edits;
    for (size_t i = 0; i < limits::kEditsPerRule; ++i) {
        edits.push_back({EditKind::set, "x-edit-" + std::to_string(i), "v"});
    }
    const Edits table(edits);
    http::FieldList fields;
    for (size_t i = 0; i < limits::kHeadFields; ++i) ASSERT_TRUE(fields.add("x-client", "v"));
    EXPECT_EQ(table.apply(fields), Reason::ok);
    EXPECT_EQ(lines(fields).size(), limits::kHeadFields + limits::kEditsPerRule);
}

TEST(Edit, a_full_list_is_refused) {
    const Edits table({{EditKind::add, "x-one", "1"}, {EditKind::add, "x-two", "2"}});
    http::FieldList fields;
    while (fields.size() + 2 < http::FieldList::kCapacity) ASSERT_TRUE(fields.add("x-client", "v"));
    http::FieldList one_more = fields;
    EXPECT_EQ(table.apply(fields), Reason::ok);
    ASSERT_TRUE(one_more.add("x-client", "v"));
    EXPECT_EQ(table.apply(one_more), Reason::too_many_fields);
}

}  // namespace
}  // namespace sluice::filter
