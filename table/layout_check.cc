// Compiles only when the structs of layout.h and those that FlatBuffers made of the schemas are the
// same bytes.
#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include <flatbuffers/flatbuffers.h>

#include "table/endpoints_generated.h"
#include "table/layout.h"
#include "table/routes_generated.h"

namespace sluice::table {
namespace {

template <class Field>
struct Extent {
    static constexpr size_t kSize = sizeof(Field);
    static constexpr size_t kAlign = alignof(Field);
};
template <class Element, uint16_t count>
struct Extent<const flatbuffers::Array<Element, count>*> {
    static constexpr size_t kSize = sizeof(Element) * count;
    static constexpr size_t kAlign = alignof(Element);
};

struct Place {
    size_t offset = 0;
    size_t size = 0;
    bool operator==(const Place&) const = default;
};

// Where FlatBuffers puts a field: in order, each at the next multiple of its alignment.
template <class Generated>
consteval Place place_of(std::string_view name) {
    using Traits = typename Generated::Traits;
    Place found;
    size_t end = 0;
    [&]<size_t... index>(std::index_sequence<index...>) {
        const auto next = [&](const char* field, size_t size, size_t align) {
            const size_t begin = (end + align - 1) / align * align;
            if (field == name) found = {begin, size};
            end = begin + size;
        };
        (next(
             Traits::field_names[index],
             Extent<typename Traits::template FieldType<index>>::kSize,
             Extent<typename Traits::template FieldType<index>>::kAlign
         ),
         ...);
    }(std::make_index_sequence<Traits::fields_number>());
    return found;
}

// No padding either: equal structs are equal bytes, so that equal specs give equal segments.
template <class Ours, class Theirs>
constexpr bool kSameShape =
    sizeof(Ours) == sizeof(Theirs) && alignof(Ours) == alignof(Theirs) &&
    std::has_unique_object_representations_v<Ours> && std::is_trivially_copyable_v<Ours>;

#define SHAPE(Ours, Theirs) static_assert(kSameShape<Ours, fbs::Theirs>)
#define FIELD(Ours, Theirs, field)                                                         \
    static_assert(                                                                         \
        place_of<fbs::Theirs>(#field) == Place{offsetof(Ours, field), sizeof(Ours::field)} \
    )

SHAPE(Text, Text);
FIELD(Text, Text, offset);
FIELD(Text, Text, length);
SHAPE(Text, EndpointText);
FIELD(Text, EndpointText, offset);
FIELD(Text, EndpointText, length);
SHAPE(Range, Range);
FIELD(Range, Range, first);
FIELD(Range, Range, count);
SHAPE(Range, EndpointRange);
FIELD(Range, EndpointRange, first);
FIELD(Range, EndpointRange, count);

SHAPE(Host, Host);
FIELD(Host, Host, hash);
FIELD(Host, Host, name_offset);
FIELD(Host, Host, name_length);
FIELD(Host, Host, path_bits);
FIELD(Host, Host, depths);
FIELD(Host, Host, paths);
FIELD(Host, Host, path_count);
FIELD(Host, Host, path_buckets);
FIELD(Host, Host, by_regex);

SHAPE(Path, Path);
FIELD(Path, Path, hash);
FIELD(Path, Path, text_offset);
FIELD(Path, Path, matches);
FIELD(Path, Path, text_length);
FIELD(Path, Path, has_exact);
FIELD(Path, Path, has_prefix);

SHAPE(Match, Match);
FIELD(Match, Match, rule);
FIELD(Match, Match, predicates);
FIELD(Match, Match, path_length);
FIELD(Match, Match, predicate_count);
FIELD(Match, Match, flags);

SHAPE(RegexMatch, RegexMatch);
FIELD(RegexMatch, RegexMatch, match);
FIELD(RegexMatch, RegexMatch, regex);

SHAPE(Predicate, Predicate);
FIELD(Predicate, Predicate, name);
FIELD(Predicate, Predicate, value);
FIELD(Predicate, Predicate, regex);
FIELD(Predicate, Predicate, kind);
FIELD(Predicate, Predicate, reserved);

SHAPE(Rule, Rule);
FIELD(Rule, Rule, key_high);
FIELD(Rule, Rule, key_low);
FIELD(Rule, Rule, name_offset);
FIELD(Rule, Rule, name_length);
FIELD(Rule, Rule, split_count);
FIELD(Rule, Rule, reserved);
FIELD(Rule, Rule, splits);
FIELD(Rule, Rule, conduct);

SHAPE(Conduct, Conduct);
FIELD(Conduct, Conduct, request_edits);
FIELD(Conduct, Conduct, response_edits);
FIELD(Conduct, Conduct, rewrite_path);
FIELD(Conduct, Conduct, rewrite_host);
FIELD(Conduct, Conduct, redirect);
FIELD(Conduct, Conduct, connect_ms);
FIELD(Conduct, Conduct, first_byte_ms);
FIELD(Conduct, Conduct, idle_ms);
FIELD(Conduct, Conduct, request_ms);
FIELD(Conduct, Conduct, policy);
FIELD(Conduct, Conduct, rewrite_kind);
FIELD(Conduct, Conduct, ai);
FIELD(Conduct, Conduct, reserved);

SHAPE(Split, Split);
FIELD(Split, Split, weight);
FIELD(Split, Split, backend);
FIELD(Split, Split, reason);

SHAPE(Redirect, Redirect);
FIELD(Redirect, Redirect, scheme);
FIELD(Redirect, Redirect, host);
FIELD(Redirect, Redirect, path);
FIELD(Redirect, Redirect, port);
FIELD(Redirect, Redirect, status);
FIELD(Redirect, Redirect, path_kind);
FIELD(Redirect, Redirect, reserved);

SHAPE(Edit, Edit);
FIELD(Edit, Edit, name);
FIELD(Edit, Edit, value);
FIELD(Edit, Edit, kind);
FIELD(Edit, Edit, reserved);

SHAPE(Regex, Regex);
FIELD(Regex, Regex, digest);
FIELD(Regex, Regex, pattern);

SHAPE(Backend, Backend);
FIELD(Backend, Backend, key);
FIELD(Backend, Backend, name);

SHAPE(EndpointSet, EndpointSet);
FIELD(EndpointSet, EndpointSet, backend);
FIELD(EndpointSet, EndpointSet, endpoints);

SHAPE(Endpoint, Endpoint);
FIELD(Endpoint, Endpoint, identity_high);
FIELD(Endpoint, Endpoint, identity_low);
FIELD(Endpoint, Endpoint, address);
FIELD(Endpoint, Endpoint, name);
FIELD(Endpoint, Endpoint, port);
FIELD(Endpoint, Endpoint, reserved);

}  // namespace
}  // namespace sluice::table
