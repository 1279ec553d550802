// The table of a ModelRoute rule's filters: a union whose member is the one that `type` names.
#include <array>
#include <set>

#include "controller/model/tables.h"
#include "table/limits.h"

namespace sluice::model {
namespace {

constexpr size_t kMaxHeaders = 16;  // of each of set, add and remove
constexpr size_t kMaxValueBytes = 4096;

std::string lower_case(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return text;
}

// A header stands once in each list: the order of two edits of one header would otherwise matter.
void check_repeats(
    std::string_view member, const std::vector<std::string>& names, const Value& map, Cursor& cursor
) {
    std::set<std::string> seen;
    for (size_t i = 0; i < names.size(); ++i) {
        if (seen.insert(lower_case(names[i])).second) continue;
        const Cursor::Step list(cursor, member);
        const Cursor::Step item(cursor, i);
        const Place place = map.find(member)->list[i].place;
        cursor.problem(place, in_quotes(names[i]) + " stands twice in this list: keep one");
    }
}

std::vector<std::string> names_of(const std::vector<HeaderValue>& headers) {
    std::vector<std::string> names;
    for (const HeaderValue& header : headers) names.push_back(header.name);
    return names;
}

const Fields<HeaderValue>& header_fields() {
    static const Fields<HeaderValue> kFields{{
        required(
            field("name", &HeaderValue::name, Text{check_editable_header, limits::kFieldNameBytes})
        ),
        required(field("value", &HeaderValue::value, Text{check_header_value, kMaxValueBytes})),
    }};
    return kFields;
}

const Fields<HeaderModifier>& modifier_fields() {
    static const Fields<HeaderModifier> kFields{
        {
            field("add", &HeaderModifier::add, list_of(sub(header_fields), kMaxHeaders)),
            field(
                "remove",
                &HeaderModifier::remove,
                list_of(Text{check_editable_header, limits::kFieldNameBytes}, kMaxHeaders)
            ),
            field("set", &HeaderModifier::set, list_of(sub(header_fields), kMaxHeaders)),
        },
        [](HeaderModifier& modifier, const Value& value, Cursor& cursor) {
            check_repeats("set", names_of(modifier.set), value, cursor);
            check_repeats("add", names_of(modifier.add), value, cursor);
            check_repeats("remove", modifier.remove, value, cursor);
        },
    };
    return kFields;
}

enum class PathModifierType : uint8_t { replace_full_path, replace_prefix_match };

struct TypedPathModifier {
    PathModifierType type = PathModifierType::replace_full_path;
    PathModifier path;
};

// One member of a union: its name in the document and whether `type` names it.
struct Member {
    std::string_view name;
    bool named;
};

// Exactly the member that `type` names is present.
void check_union(std::span<const Member> members, const Value& map, Cursor& cursor) {
    const std::string& type = map.find("type")->string;
    for (const Member& member : members) {
        const Value* value = map.find(member.name);
        const bool present = value != nullptr && value->kind != Value::Kind::null;
        if (present == member.named) continue;
        const Place place = present ? value->place : map.place;
        const std::string message =
            present ? "must be left out: type is " + type : "is required: type is " + type;
        cursor.problem_at(member.name, place, message);
    }
}

void check_path_modifier(TypedPathModifier& modifier, const Value& value, Cursor& cursor) {
    const std::array<Member, 2> members{{
        {"replaceFullPath", modifier.type == PathModifierType::replace_full_path},
        {"replacePrefixMatch", modifier.type == PathModifierType::replace_prefix_match},
    }};
    check_union(members, value, cursor);
}

// The place of a whole path in a request line: no control bytes, no blank, no query or fragment.
Complaint check_new_path(std::string_view text) {
    if (text.find_first_of(" ?#") != std::string_view::npos) {
        return "must be a path only: without blanks, '?' and '#'";
    }
    if (const Complaint complaint = check_printable(text); !complaint.empty()) return complaint;
    return check_absolute_path(text);
}

// An empty replacement removes the prefix.
Complaint check_new_prefix(std::string_view text) {
    return text.empty() ? Complaint{} : check_new_path(text);
}

Field<TypedPathModifier> replacement(
    std::string_view name, std::optional<std::string> PathModifier::* member, TextCheck check
) {
    const Text rule{check, limits::kPathBytes};
    return {name, [member, rule](TypedPathModifier& out, const Value& value, Cursor& cursor) {
                rule(slot(out.path.*member), value, cursor);
            }};
}

const Fields<TypedPathModifier>& path_modifier_fields() {
    static const Fields<TypedPathModifier> kFields{
        {
            replacement("replaceFullPath", &PathModifier::replace_full_path, check_new_path),
            replacement(
                "replacePrefixMatch", &PathModifier::replace_prefix_match, check_new_prefix
            ),
            required(field(
                "type",
                &TypedPathModifier::type,
                Choice<PathModifierType>{
                    {{"ReplaceFullPath", PathModifierType::replace_full_path},
                     {"ReplacePrefixMatch", PathModifierType::replace_prefix_match}}
                }
            )),
        },
        check_path_modifier,
    };
    return kFields;
}

struct PathRule {
    void operator()(PathModifier& out, const Value& value, Cursor& cursor) const {
        TypedPathModifier typed;
        read_fields(typed, value, path_modifier_fields(), cursor);
        out = std::move(typed.path);
    }
};

const Fields<UrlRewrite>& rewrite_fields() {
    static const Fields<UrlRewrite> kFields{{
        field("hostname", &UrlRewrite::hostname, Text{check_plain_host}),
        field("path", &UrlRewrite::path, PathRule{}),
    }};
    return kFields;
}

struct RedirectStatus {
    void operator()(int32_t& out, const Value& value, Cursor& cursor) const {
        if (!expect(value, Value::Kind::integer, cursor)) return;
        for (const int32_t known : {301, 302, 303, 307, 308}) {
            if (value.integer != known) continue;
            out = known;
            return;
        }
        cursor.problem(
            value.place,
            std::to_string(value.integer) + " is not a redirect: use 301, 302, 303, 307 or 308"
        );
    }
};

const Fields<RequestRedirect>& redirect_fields() {
    static const Fields<RequestRedirect> kFields{{
        field("hostname", &RequestRedirect::hostname, Text{check_plain_host}),
        field("path", &RequestRedirect::path, PathRule{}),
        field("port", &RequestRedirect::port, Int{1, 65535}),
        field("scheme", &RequestRedirect::scheme, words({"http", "https"})),
        field("statusCode", &RequestRedirect::status_code, RedirectStatus{}),
    }};
    return kFields;
}

void check_filter(RouteFilter& filter, const Value& value, Cursor& cursor) {
    const std::array<Member, 4> members{{
        {"requestHeaderModifier", filter.type == FilterType::request_header_modifier},
        {"responseHeaderModifier", filter.type == FilterType::response_header_modifier},
        {"urlRewrite", filter.type == FilterType::url_rewrite},
        {"requestRedirect", filter.type == FilterType::request_redirect},
    }};
    check_union(members, value, cursor);
}

}  // namespace

const Fields<RouteFilter>& route_filter_fields() {
    static const Fields<RouteFilter> kFields{
        {
            field(
                "requestHeaderModifier", &RouteFilter::request_header_modifier, sub(modifier_fields)
            ),
            field("requestRedirect", &RouteFilter::request_redirect, sub(redirect_fields)),
            field(
                "responseHeaderModifier",
                &RouteFilter::response_header_modifier,
                sub(modifier_fields)
            ),
            required(field(
                "type",
                &RouteFilter::type,
                Choice<FilterType>{
                    {{"RequestHeaderModifier", FilterType::request_header_modifier},
                     {"ResponseHeaderModifier", FilterType::response_header_modifier},
                     {"URLRewrite", FilterType::url_rewrite},
                     {"RequestRedirect", FilterType::request_redirect}}
                }
            )),
            field("urlRewrite", &RouteFilter::url_rewrite, sub(rewrite_fields)),
        },
        check_filter,
    };
    return kFields;
}

}  // namespace sluice::model
