// The decoding engine: a kind is a table of fields (name, member, rule, required), and one walk
// over the table reads a document strictly. Problems carry the field's path and place; decoding
// goes on after one, so that a person sees all of them at once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/model/checks.h"
#include "controller/model/meta.h"

namespace sluice::model {

// Where a decode is: the field path so far, and the problems found.
class Cursor {
public:
    explicit Cursor(std::string file) : file_(std::move(file)) {}

    // Goes one step down for its lifetime: "spec" → "spec.rules" → "spec.rules[0]".
    class Step {
    public:
        Step(Cursor& cursor, std::string_view member);
        Step(Cursor& cursor, size_t index);
        ~Step() { cursor_.path_.resize(length_); }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

    private:
        Cursor& cursor_;
        size_t length_;
    };

    void problem(Place place, std::string message);
    void problem_at(std::string_view member, Place place, std::string message);
    // Enough is enough: a document of a million wrong fields is not listed whole.
    bool full() const;
    size_t count() const { return problems_.size(); }
    std::vector<Problem> take() { return std::move(problems_); }

private:
    std::string file_;
    std::string path_;
    std::vector<Problem> problems_;
};

template <class T>
struct Field {
    std::string_view name;
    std::function<void(T&, const Value&, Cursor&)> read;
    bool required = false;
};

// All fields of one struct, and what must hold between them. `check` runs only when each field is
// fine.
template <class T>
struct Fields {
    std::vector<Field<T>> fields;
    void (*check)(T&, const Value&, Cursor&) = nullptr;
};

// A member or, inside an optional member, its fresh value.
template <class M>
M& slot(M& member) {
    return member;
}
template <class M>
M& slot(std::optional<M>& member) {
    return member.emplace();
}

// True when the value has the type; else a problem that names both types.
bool expect(const Value& value, Value::Kind kind, Cursor& cursor);
void report_unknown(const Value& map, std::span<const std::string_view> known, Cursor& cursor);
bool within(size_t count, size_t least, size_t most, const Value& list, Cursor& cursor);

// Reads a map into `out` by its table. null stands for absent, as in the Kubernetes API.
template <class T>
void read_fields(T& out, const Value& value, const Fields<T>& table, Cursor& cursor) {
    if (!expect(value, Value::Kind::map, cursor)) return;
    if constexpr (requires { out.place; }) out.place = value.place;
    const size_t before = cursor.count();
    std::vector<std::string_view> known;
    for (const Field<T>& field : table.fields) {
        known.push_back(field.name);
        const Value* member = value.find(field.name);
        if (member == nullptr || member->kind == Value::Kind::null) {
            if (field.required) cursor.problem_at(field.name, value.place, "is required");
            continue;
        }
        const Cursor::Step step(cursor, field.name);
        field.read(out, *member, cursor);
    }
    report_unknown(value, known, cursor);
    if (table.check != nullptr && cursor.count() == before) table.check(out, value, cursor);
}

// Rules: how a value is read into a member of the fitting type.

struct Text {
    TextCheck check = check_any;
    size_t most = 256 * 1024;  // bytes
    void operator()(std::string& out, const Value& value, Cursor& cursor) const;
};

struct Int {
    int64_t least;
    int64_t most;
    bool read(int64_t& out, const Value& value, Cursor& cursor) const;
    template <class M>
    void operator()(M& out, const Value& value, Cursor& cursor) const {
        int64_t number = 0;
        if (read(number, value, cursor)) out = static_cast<M>(number);
    }
};

struct Flag {
    void operator()(bool& out, const Value& value, Cursor& cursor) const;
};

// A port: a number 1..65535 or a port name, kept as text.
struct PortText {
    void operator()(std::string& out, const Value& value, Cursor& cursor) const;
};

// "1s", "500ms" within 1 ms .. 24 h, kept in milliseconds.
struct Duration {
    void operator()(int64_t& out, const Value& value, Cursor& cursor) const;
};

// A map of text to text, as labels and annotations are.
struct TextMap {
    TextCheck key_check = check_any;
    TextCheck value_check = check_any;
    void operator()(std::map<std::string, std::string>&, const Value&, Cursor&) const;
};

std::string one_of(std::span<const std::string_view> names);

template <class E>
struct Choice {
    std::vector<std::pair<std::string_view, E>> names;
    void operator()(E& out, const Value& value, Cursor& cursor) const {
        if (!expect(value, Value::Kind::string, cursor)) return;
        std::vector<std::string_view> known;
        for (const auto& [name, meaning] : names) {
            if (value.string == name) {
                out = meaning;
                return;
            }
            known.push_back(name);
        }
        cursor.problem(
            value.place, in_quotes(value.string) + " is not known: use " + one_of(known)
        );
    }
};

// A choice that is kept as its text.
inline Choice<std::string> words(std::initializer_list<std::string_view> names) {
    Choice<std::string> choice;
    for (const std::string_view name : names) choice.names.emplace_back(name, std::string(name));
    return choice;
}

template <class Rule>
struct ListOf {
    Rule rule;
    size_t most;
    size_t least = 0;
    template <class M>
    void operator()(std::vector<M>& out, const Value& value, Cursor& cursor) const {
        if (!expect(value, Value::Kind::list, cursor)) return;
        if (!within(value.list.size(), least, most, value, cursor)) return;
        for (size_t i = 0; i < value.list.size() && !cursor.full(); ++i) {
            const Cursor::Step step(cursor, i);
            rule(out.emplace_back(), value.list[i], cursor);
        }
    }
};
template <class Rule>
ListOf<Rule> list_of(Rule rule, size_t most, size_t least = 0) {
    return {std::move(rule), most, least};
}

// A struct by its own table. The table is named by a function: tables are made once, when first
// needed.
template <class T>
using Table = const Fields<T>& (*)();
template <class T>
struct Sub {
    Table<T> table;
    void operator()(T& out, const Value& value, Cursor& cursor) const {
        read_fields(out, value, table(), cursor);
    }
};
template <class T>
Sub<T> sub(const Fields<T>& (*table)()) {
    return {table};
}

// Fields.

template <class T, class M, class Rule>
Field<T> field(std::string_view name, M T::* member, Rule rule) {
    return {name, [member, rule = std::move(rule)](T& out, const Value& value, Cursor& cursor) {
                rule(slot(out.*member), value, cursor);
            }};
}

// A map in the document whose fields belong to the same struct (http: {paths: …}).
template <class T>
Field<T> nested(std::string_view name, const Fields<T>& (*table)()) {
    return {name, [table](T& out, const Value& value, Cursor& cursor) {
                if constexpr (requires { out.place; }) {
                    const Place place = out.place;  // stays the place of the struct itself
                    read_fields(out, value, table(), cursor);
                    out.place = place;
                } else {
                    read_fields(out, value, table(), cursor);
                }
            }};
}

template <class T>
Field<T> required(Field<T> field) {
    field.required = true;
    return field;
}

// A field of the API that Sluice does not act on: known, so that real objects decode strictly; its
// type is checked, and its own fields are where a table is given.
struct Unread {};
using UnreadTable = const Fields<Unread>& (*)();
struct IgnoredField {
    std::string_view name;
    Value::Kind kind;
    UnreadTable table;
    void read(const Value& value, Cursor& cursor) const;
    template <class T>
    // NOLINTNEXTLINE(google-explicit-constructor): one entry stands in the tables of all types
    operator Field<T>() const {
        const IgnoredField self = *this;
        return {name, [self](T&, const Value& value, Cursor& cursor) { self.read(value, cursor); }};
    }
};
// Of a list with a table, each item is read by it.
inline IgnoredField ignored(std::string_view name, Value::Kind kind, UnreadTable table = nullptr) {
    return {name, kind, table};
}

}  // namespace sluice::model
