// The structs inside a segment, byte for byte. routes.fbs and endpoints.fbs describe the same
// structs to FlatBuffers; layout_check.cc asserts that sizes and offsets agree. Little endian, no
// pointers: a Text is a place in the segment's byte pool, a Range a run in the vector that its
// field names. verify() has checked every reference before a worker reads one, so readers check
// nothing.
#pragma once

#include <array>
#include <cstdint>

namespace sluice::table {

inline constexpr uint32_t kNone = 0xffffffffu;

enum class PathKind : uint8_t { exact, prefix, regex };
enum class PredicateKind : uint8_t { method, header_exact, header_regex, query_exact, query_regex };
enum class BalancePolicy : uint8_t { least_requests, round_robin };
// prefix replaces the matched prefix, full the whole path (the query is kept).
enum class RewriteKind : uint8_t { none, prefix, full };
enum class EditKind : uint8_t { set, add, remove };

struct Text {
    uint32_t offset = 0;
    uint32_t length = 0;
    bool operator==(const Text&) const = default;
};

struct Range {
    uint32_t first = 0;
    uint32_t count = 0;
    bool operator==(const Range&) const = default;
};

// Found by the hash of its name (table/hash.h). Its paths stand in the order of their hashes, and
// with more than a few of them an index says where each bucket begins.
struct Host {
    uint32_t hash;
    uint32_t name_offset;
    uint8_t name_length;
    uint8_t path_bits;  // 2^bits buckets; with 0 bits there is one, and no offsets
    uint16_t depths;    // how many elements its paths have: a bit each (depth_bit in table/hash.h)
    uint32_t paths;     // first
    uint32_t path_count;
    uint32_t path_buckets;  // first of 2^bits + 1 offsets behind `paths`; 0 without
    uint32_t by_regex;      // first of its matches by regex, in the order they are tried; or kNone
};

// A path of one host that has matches: those for exactly it first, then those for which it is an
// element prefix.
struct Path {
    uint32_t hash;
    uint32_t text_offset;
    uint32_t matches;  // first
    uint16_t text_length;
    uint8_t has_exact;
    uint8_t has_prefix;
};

// The matches of one path, or those by regex of one host, follow one another; all but the last say
// that there are more.
struct Match {
    uint32_t rule;
    uint32_t predicates;   // first
    uint16_t path_length;  // bytes of the matched prefix, for a prefix rewrite
    uint8_t predicate_count;
    uint8_t flags;  // a PathKind, and kMoreMatches
};
inline constexpr uint8_t kMoreMatches = 4;

constexpr PathKind kind_of(const Match& match) {
    return static_cast<PathKind>(match.flags & (kMoreMatches - 1));
}
constexpr bool has_more(const Match& match) {
    return (match.flags & kMoreMatches) != 0;
}

struct RegexMatch {
    Match match;
    uint32_t regex;  // of the path
};

struct Predicate {
    Text name;
    Text value;
    uint32_t regex;  // or kNone
    PredicateKind kind;
    uint8_t reserved[3];
};

// A rule whose splits are those of the rule before it has the same range.
struct Rule {
    uint64_t key_high;
    uint64_t key_low;
    uint32_t name_offset;
    uint16_t name_length;
    uint8_t split_count;
    uint8_t reserved;
    uint32_t splits;  // first
    uint32_t conduct;
};

// What a rule does to a request apart from choosing a backend: few differ, and many rules share
// one. One whose edits are those of the one before it has the same range.
struct Conduct {
    Range request_edits;
    Range response_edits;
    Text rewrite_path;
    Text rewrite_host;
    uint32_t redirect;  // or kNone
    uint32_t connect_ms;
    uint32_t first_byte_ms;
    uint32_t idle_ms;
    uint32_t request_ms;
    BalancePolicy policy;
    RewriteKind rewrite_kind;
    uint8_t ai;
    uint8_t reserved;
};

// One arm of a rule; its share is its weight among the rule's weights (proxy/route/split.h).
struct Split {
    uint32_t weight;
    uint32_t backend;  // or kNone: answered locally with `reason`
    uint32_t reason;
};

struct Redirect {
    Text scheme;
    Text host;
    Text path;
    uint16_t port;
    uint16_t status;
    RewriteKind path_kind;
    uint8_t reserved[3];
};

struct Edit {
    Text name;
    Text value;
    EditKind kind;
    uint8_t reserved[3];
};

struct Regex {
    uint64_t digest;  // hash64 of the pattern: compiled programs are kept by it over generations
    Text pattern;
};

struct Backend {
    uint64_t key;
    Text name;
};

struct EndpointSet {
    uint64_t backend;
    Range endpoints;
};

struct Endpoint {
    uint64_t identity_high;
    uint64_t identity_low;
    std::array<uint8_t, 16> address;
    Text name;
    uint16_t port;
    uint16_t reserved[3];
};

static_assert(sizeof(Host) == 28 && sizeof(Path) == 16 && sizeof(Match) == 12);
static_assert(sizeof(RegexMatch) == 16);
static_assert(sizeof(Predicate) == 24 && sizeof(Rule) == 32 && sizeof(Split) == 12);
static_assert(sizeof(Conduct) == 56);
static_assert(sizeof(Redirect) == 32 && sizeof(Edit) == 20 && sizeof(Regex) == 16);
static_assert(sizeof(Backend) == 16 && sizeof(EndpointSet) == 16 && sizeof(Endpoint) == 48);

}  // namespace sluice::table
