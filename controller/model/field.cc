// The parts of the decoding engine that do not depend on the struct: paths, problems, scalar rules.
#include "controller/model/field.h"

#include <algorithm>
#include <limits>

#include "table/limits.h"

namespace sluice::model {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

// How many letters must change to turn one name into the other, letter case aside.
size_t distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t replace = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
        }
    }
    return row[b.size()];
}

// The known name that a person probably meant; empty when none is near.
std::string_view nearest(std::string_view name, std::span<const std::string_view> known) {
    constexpr size_t kLongestName = 64;
    if (name.size() > kLongestName) return {};
    std::string_view best;
    size_t best_distance = std::min<size_t>(3, name.size() / 2 + 1);
    for (const std::string_view candidate : known) {
        const size_t d = distance(name, candidate);
        if (d >= best_distance) continue;
        best_distance = d;
        best = candidate;
    }
    return best;
}

std::string in_range(int64_t least, int64_t most) {
    return std::to_string(least) + " to " + std::to_string(most);
}

bool check_text(std::string_view text, const Text& rule, Place place, Cursor& cursor) {
    if (text.size() > rule.most) {
        cursor.problem(
            place,
            in_quotes(text) + " has " + std::to_string(text.size()) + " bytes: at most " +
                std::to_string(rule.most) + " are allowed"
        );
        return false;
    }
    const Complaint complaint = rule.check(text);
    if (complaint.empty()) return true;
    cursor.problem(place, in_quotes(text) + ' ' + std::string(complaint));
    return false;
}

}  // namespace

Cursor::Step::Step(Cursor& cursor, std::string_view member)
    : cursor_(cursor), length_(cursor.path_.size()) {
    // A key that is no plain name (an annotation's, with dots) is set off by brackets, so that the
    // path stays readable, and short, whatever a document holds.
    const bool plain = member.size() <= 63 && std::all_of(member.begin(), member.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') || c == '-';
                       });
    if (!plain) {
        const std::string shown = in_quotes(member);
        cursor_.path_ += '[' + shown.substr(1, shown.size() - 2) + ']';
        return;
    }
    if (length_ > 0) cursor_.path_ += '.';
    cursor_.path_ += member;
}

Cursor::Step::Step(Cursor& cursor, size_t index) : cursor_(cursor), length_(cursor.path_.size()) {
    cursor_.path_ += '[' + std::to_string(index) + ']';
}

bool Cursor::full() const {
    return problems_.size() >= limits::kManifestProblems;
}

void Cursor::problem(Place place, std::string message) {
    if (full()) return;
    problems_.push_back({{file_, place}, path_, std::move(message)});
}

void Cursor::problem_at(std::string_view member, Place place, std::string message) {
    const Step step(*this, member);
    problem(place, std::move(message));
}

bool expect(const Value& value, Value::Kind kind, Cursor& cursor) {
    if (value.ambiguous) {
        cursor.problem(
            value.place,
            in_quotes(value.string) +
                " is written without quotes, which kubectl (YAML 1.1) and YAML 1.2 read "
                "differently: " +
                "put text in quotes, write true or false, write numbers without leading zeros or "
                "'_'"
        );
        return false;
    }
    if (value.kind == kind) return true;
    std::string message = "is " + std::string(kind_text(value.kind));
    if (value.kind == Value::Kind::string) message += ' ' + in_quotes(value.string);
    message += ": must be " + std::string(kind_text(kind));
    cursor.problem(value.place, std::move(message));
    return false;
}

void report_unknown(const Value& map, std::span<const std::string_view> known, Cursor& cursor) {
    for (size_t i = 0; i < map.map.size() && !cursor.full(); ++i) {
        const std::string& name = map.map[i].first;
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const Place place = i < map.key_places.size() ? map.key_places[i] : map.map[i].second.place;
        const std::string_view meant = nearest(name, known);
        std::string message = "unknown field " + in_quotes(name);
        message +=
            meant.empty() ? std::string(": remove it") : ": did you mean " + in_quotes(meant) + '?';
        cursor.problem(place, std::move(message));
    }
}

bool within(size_t count, size_t least, size_t most, const Value& list, Cursor& cursor) {
    if (count >= least && count <= most) return true;
    std::string message = "has " + std::to_string(count) + (count == 1 ? " item: " : " items: ");
    message += count < least ? "at least " + std::to_string(least) + (least == 1 ? " is" : " are")
                             : "at most " + std::to_string(most) + (most == 1 ? " is" : " are");
    cursor.problem(list.place, message + (count < least ? " needed" : " allowed"));
    return false;
}

void Text::operator()(std::string& out, const Value& value, Cursor& cursor) const {
    if (!expect(value, Value::Kind::string, cursor)) return;
    if (check_text(value.string, *this, value.place, cursor)) out = value.string;
}

bool Int::read(int64_t& out, const Value& value, Cursor& cursor) const {
    if (!expect(value, Value::Kind::integer, cursor)) return false;
    if (value.integer < least || value.integer > most) {
        cursor.problem(
            value.place, std::to_string(value.integer) + " must be from " + in_range(least, most)
        );
        return false;
    }
    out = value.integer;
    return true;
}

void Flag::operator()(bool& out, const Value& value, Cursor& cursor) const {
    if (expect(value, Value::Kind::boolean, cursor)) out = value.boolean;
}

void PortText::operator()(std::string& out, const Value& value, Cursor& cursor) const {
    if (value.kind == Value::Kind::string && !value.ambiguous) {
        return Text{check_port_name}(out, value, cursor);
    }
    int64_t number = 0;
    if (Int{1, 65535}.read(number, value, cursor)) out = std::to_string(number);
}

void Duration::operator()(int64_t& out, const Value& value, Cursor& cursor) const {
    if (value.kind == Value::Kind::integer && !value.ambiguous) {
        const std::string number = std::to_string(value.integer);
        const std::string shown = value.integer > 0 ? number : "60";
        cursor.problem(
            value.place,
            "is the number " + number + " without a unit: write " + shown + "s for seconds, or " +
                shown + "ms"
        );
        return;
    }
    if (!expect(value, Value::Kind::string, cursor)) return;
    const std::optional<int64_t> ms = parse_duration_ms(value.string);
    if (!ms) {
        cursor.problem(
            value.place,
            in_quotes(value.string) +
                " must be a duration: whole numbers with h, m, s or ms, as in 1m30s"
        );
        return;
    }
    if (*ms < 1 || *ms > static_cast<int64_t>(limits::kTimeoutMs)) {
        cursor.problem(
            value.place,
            in_quotes(value.string) +
                " must be from 1ms to 24h; leave the field out for its default"
        );
        return;
    }
    out = *ms;
}

void TextMap::operator()(
    std::map<std::string, std::string>& out, const Value& value, Cursor& cursor
) const {
    if (!expect(value, Value::Kind::map, cursor)) return;
    for (size_t i = 0; i < value.map.size() && !cursor.full(); ++i) {
        const auto& [key, text] = value.map[i];
        const Place place = i < value.key_places.size() ? value.key_places[i] : text.place;
        const Cursor::Step step(cursor, key);
        if (!check_text(key, Text{key_check}, place, cursor)) continue;
        // The Kubernetes API reads a null as the empty text here.
        if (text.kind == Value::Kind::null) {
            out[key] = "";
            continue;
        }
        Text{value_check}(out[key], text, cursor);
    }
}

std::string one_of(std::span<const std::string_view> names) {
    std::string text;
    for (size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
        text += names[i];
    }
    return text;
}

void IgnoredField::read(const Value& value, Cursor& cursor) const {
    if (!expect(value, kind, cursor) || table == nullptr) return;
    Unread nothing;
    if (kind == Value::Kind::map) return read_fields(nothing, value, table(), cursor);
    for (size_t i = 0; i < value.list.size() && !cursor.full(); ++i) {
        const Cursor::Step step(cursor, i);
        read_fields(nothing, value.list[i], table(), cursor);
    }
}

}  // namespace sluice::model
